import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { build, type Metafile } from 'esbuild'
import OpenAI from 'openai'
import { repository } from '../support/third-party.js'

const example = join(repository, 'examples/embedded-min/main.ts')
const mostBytes = 400_000
/** Parts of the product that a host with three plugins must not carry. */
const foreign = /node_modules\/(cosmiconfig|cac|tsx|chokidar|@humanwhocodes|undici|rotating-file-stream|koa|@koa)\/|^cli\//
const plugins = ['contracts', 'health', 'http', 'inference', 'openai-chat']

/** As a host would: into one file. */
const bundle = async (outdir: string): Promise<Metafile> => {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: { gateway: example },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['openclaw-source'],
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
    metafile: true,
  })
  return metafile
}

const partsOf = (outputs: readonly Metafile['outputs'][string][]) =>
  outputs.flatMap(({ inputs }) => Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])))

/** Start it, and read the URL and the token that it prints. */
async function start(args: string[]): Promise<{ child: ChildProcess; url: string; token: string }> {
  const child = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] })
  const printed: Record<string, string> = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const [key = '', value = ''] = line.split(' ')
    printed[key] = value
    if (printed['url'] && printed['token']) return { child, url: printed['url'], token: printed['token'] }
  }
  throw new Error('It ended without a URL.')
}

async function converse(url: string, token: string) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Hello there, echo' }]
  const whole = await client.chat.completions.create({ model: 'local/echo', messages })
  assert.equal(whole.choices[0]?.message.content, 'Hello there, echo')
  assert.equal(whole.choices[0]?.finish_reason, 'stop')
  const stream = await client.chat.completions.create({ model: 'local/echo', messages, stream: true })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  assert.equal(text, 'Hello there, echo')
  await assert.rejects(client.chat.completions.create({ model: 'local/other', messages }), { status: 404 })
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 })
  await assert.rejects(stranger.chat.completions.create({ model: 'local/echo', messages }), { status: 401 })
  assert.deepEqual(await (await fetch(`${url}/health`)).json(), { ok: true, status: 'live' })
}

async function stop(child: ChildProcess) {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0, 'it ends by itself once the gateway is closed')
}

describe('examples/embedded-min', () => {
  let folder = ''
  let whole: Metafile
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-min-'))
    whole = await bundle(join(folder, 'whole'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('answers chats and probes, and ends when told to', async () => {
    const { child, url, token } = await start([...conditions(), '--import', 'tsx', example])
    await converse(url, token)
    await stop(child)
  })

  test('bundled and minified, all of it is at most 400 kB', (t) => {
    const bytes = Object.values(whole.outputs).reduce((sum, output) => sum + output.bytes, 0)
    t.diagnostic(`${bytes} bytes`)
    assert.ok(bytes > 50_000 && bytes <= mostBytes, `${bytes} bytes`)
  })

  test('the bundle carries no configuration files, no command line, and no other plugin', () => {
    const inside = partsOf(Object.values(whole.outputs))
    assert.deepEqual(
      inside.filter((path) => foreign.test(path)),
      [],
    )
    const used = new Set(inside.flatMap((path) => /^plugins\/([^/]+)\//.exec(path)?.[1] ?? []))
    assert.deepEqual(
      [...used].filter((name) => !plugins.includes(name)),
      [],
    )
  })

  test('the bundle alone, with no node_modules beside it, answers too', async () => {
    const { child, url, token } = await start([join(folder, 'whole', 'gateway.mjs')])
    await converse(url, token)
    await stop(child)
  })
})

/** From source or from the build, as this test itself runs. */
const conditions = () => process.execArgv.flatMap((arg, index, all) => (arg === '-C' ? ['-C', all[index + 1] as string] : []))
