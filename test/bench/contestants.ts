import { randomBytes } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { firstAnswerMs, freePort, launch, type Helper, type Load, type Running, startHelper } from './processes.js'
import { benchEvent, type Gathering, headersFor, modelIds, publishedPayload, publishMethod } from './scene.js'

/** A way to start one of the servers that are compared. */
export interface Contestant {
  /** Start it on a free port, and wait for its first authenticated answer. */
  start(): Promise<Server>
}
export interface Server extends Running {
  /** From spawn to the first authenticated answer. */
  readonly startMs: number
}

/** The processes around the servers under test. */
export interface Scene {
  readonly folder: string
  readonly token: string
  readonly upstream: Running
  readonly load: Load
  readonly crowd: Helper<Gathering | { readonly leave: true }, void>
  contestant(name: string, args: (port: number) => readonly string[], config?: object): Promise<Contestant>
  close(): Promise<void>
}

export async function openScene(folder: string, files: { upstream: string; load: string; crowd: string }): Promise<Scene> {
  const token = randomBytes(24).toString('hex')
  const port = await freePort()
  const output = join(folder, 'upstream.log')
  const environment = { PATH: process.env['PATH'], OLLAMA_HOST: '127.0.0.1:9' }
  const upstream = launch({ args: [files.upstream, String(port)], port, env: environment, output })
  await firstAnswerMs(upstream, '/', {}, output)
  const load: Scene['load'] = startHelper(files.load)
  const crowd: Scene['crowd'] = startHelper(files.crowd)
  return {
    folder,
    token,
    upstream,
    load,
    crowd,
    contestant: (name, args, config) => createContestant({ name, args, config, folder, token, environment }),
    async close() {
      await Promise.all([load.stop(), crowd.stop(), upstream.stop()])
    },
  }
}

interface Options {
  name: string
  args: (port: number) => readonly string[]
  config: object | undefined
  folder: string
  token: string
  environment: NodeJS.ProcessEnv
}

/** Each has a home, a state directory and a configuration of its own. */
async function createContestant({ name, args, config, folder, token, environment }: Options): Promise<Contestant> {
  const home = join(folder, name)
  await mkdir(home, { recursive: true })
  const output = join(home, 'output.log')
  const file = join(home, 'openclaw.json')
  const env = { ...environment, HOME: home, OPENCLAW_STATE_DIR: home, OPENCLAW_CONFIG_PATH: file }
  return {
    async start() {
      const port = await freePort()
      if (config) await writeFile(file, JSON.stringify({ ...config, gateway: gatewaySection(port, token) }), { mode: 0o600 })
      const running = launch({ args: args(port), port, env, output })
      return { ...running, startMs: await firstAnswerMs(running, '/v1/models', headersFor(token), output) }
    },
  }
}

const gatewaySection = (port: number, token: string) => ({ mode: 'local', port, bind: 'loopback', auth: { mode: 'token', token } })

/** The rest of a configuration: the upstream as provider, and plugins from paths. */
export const configFor = (origin: string, paths: readonly string[] = []) => ({
  agents: { defaults: { model: { primary: `bench/${modelIds[0]}` } } },
  models: {
    providers: {
      bench: { baseUrl: `${origin}/v1`, apiKey: 'upstream', models: modelIds.map((id) => ({ id, name: id, kind: 'chat' })) },
    },
  },
  ...(paths.length > 0 && { plugins: { load: { paths } } }),
})

/** The path to which the taps below object: asked for once, to see that they are there. */
export const tappedPath = '/v1/models/refused-by-taps'

/** A third party's plugin with five taps on `authorize`. Answers its file. */
export async function writeTaps(folder: string): Promise<string> {
  const file = join(folder, 'five-taps.mjs')
  const text =
    "export default { api: 1, name: 'five-taps', apply(kernel) {\n" +
    `  const check = ({ call }) => (call.path === '${tappedPath}' ? { deny: 'forbidden' } : undefined)\n` +
    '  for (let i = 0; i < 5; i++) kernel.hooks.authorize.tap(check)\n} }\n'
  await writeFile(file, text)
  return file
}

/** A third party's plugin that publishes one event when it is asked to, to all or to `only` one. Answers its file. */
export async function writePublisher(folder: string, product: string): Promise<string> {
  const file = join(folder, 'publisher.mjs')
  const text =
    "import { Events, Methods } from 'openclaw/contracts'\n" +
    `const payload = ${JSON.stringify(publishedPayload)}\n` +
    "export default { api: 1, name: 'publisher', apply(kernel) {\n" +
    `  kernel.surface(Events).tap((events) => events.add('${benchEvent}', { droppable: true }))\n` +
    '  const handler = ({ params: { only, bytes } }) => {\n' +
    "    const more = only === undefined ? {} : { only: new Set([only]), payload: { ...payload, text: '.'.repeat(bytes) } }\n" +
    `    kernel.emit('published', { event: '${benchEvent}', payload, ...more })\n` +
    '    return { ok: true }\n  }\n' +
    `  kernel.surface(Methods).tap((methods) => methods.add('${publishMethod}', { scope: 'operator.write', handler }))\n` +
    '} }\n'
  await writeFile(file, text)
  await mkdir(join(folder, 'node_modules'))
  await symlink(join(dirname(product), '..'), join(folder, 'node_modules/openclaw'), 'dir')
  return file
}
