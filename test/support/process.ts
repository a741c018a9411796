import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Inspection } from 'openclaw'
import { repository } from './third-party.js'

/** The gateway as a user runs it: the built binary, a configuration file and a state directory of its own. */
export interface GatewayProcess {
  readonly child: ChildProcess
  /** From the spawn until it listened. */
  readonly startedInMs: number
  readonly url: string
  readonly token: string
  readonly folder: string
  readonly configFile: string
  /** All it printed. */
  output(): string
  /** Wait until a line it printed after `from` matches. */
  printed(pattern: RegExp, from?: number): Promise<string>
  inspect(): Promise<Inspection>
  fetch(path: string, init?: RequestInit): Promise<Response>
  writeConfig(document: unknown): Promise<void>
  /** End it at once and leave its folder for a successor. */
  kill(): Promise<void>
  /** End it and remove its folder. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

const startLimitMs = 20_000

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Start `openclaw gateway` on a free port. `document` is merged over a minimal local configuration. A successor runs on what
 * the one before left: folder, configuration and port. `program` is another build of the command.
 */
export async function startGatewayProcess(
  document: Record<string, any> = {},
  options: { args?: string[]; env?: NodeJS.ProcessEnv; successorOf?: GatewayProcess; program?: string } = {},
): Promise<GatewayProcess> {
  const { successorOf, program = join(repository, 'dist/cli.js') } = options
  const folder = successorOf?.folder ?? (await mkdtemp(join(tmpdir(), 'openclaw-')))
  const configFile = join(folder, 'openclaw.json')
  const port = successorOf ? Number(new URL(successorOf.url).port) : await freePort()
  const token = 'a-token-for-tests-that-is-long-enough'
  const whole = (part: Record<string, any>) => ({
    ...part,
    gateway: { mode: 'local', port, auth: { mode: 'token', token }, reload: { debounceMs: 20 }, ...part['gateway'] },
  })
  const writeConfig = (part: unknown) =>
    writeFile(configFile, typeof part === 'string' ? part : JSON.stringify(whole(part as object), null, 2))
  if (!successorOf) await writeConfig(document)
  const began = performance.now()
  const env = { PATH: process.env['PATH'], HOME: folder, OPENCLAW_STATE_DIR: folder, OLLAMA_HOST: '127.0.0.1:1', ...options.env }
  const child = spawn(process.execPath, [program, 'gateway', ...(options.args ?? [])], { env, cwd: folder })
  let output = ''
  const listeners = new Set<() => void>()
  const hear = (chunk: Buffer) => {
    output += chunk
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const printed = (pattern: RegExp, from = 0) =>
    new Promise<string>((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer)
        listeners.delete(look)
        then()
      }
      const look = () => {
        const found = pattern.exec(output.slice(from))
        if (found) settle(() => resolve(found[0]))
      }
      const timer = setTimeout(() => settle(() => reject(new Error(`never printed ${pattern}:\n${output}`))), startLimitMs)
      listeners.add(look)
      look()
    })
  const url = `http://127.0.0.1:${port}`
  const get: GatewayProcess['fetch'] = (path, init = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  await Promise.race([printed(/listening on/), exited.then((code) => Promise.reject(new Error(`exited with ${code}:\n${output}`)))])
  return {
    child,
    startedInMs: performance.now() - began,
    url,
    token,
    folder,
    configFile,
    output: () => output,
    printed,
    fetch: get,
    writeConfig,
    inspect: async () => (await get('/__openclaw__/plugins')).json() as Promise<Inspection>,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const code = await exited
      await rm(folder, { recursive: true, force: true })
      return code
    },
  }
}
