import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { randomGguf } from '../support/gguf.js'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { repository } from '../support/third-party.js'

const run = promisify(execFile)
const installLimitMs = 120_000
const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
const megabyte = 1_000_000

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = entries.filter((entry) => entry.isFile()).map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

const clientOf = ({ url, token }: { url: string; token: string }) => new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 })

/** What the local plugin's README says has to be installed for a part of it. */
async function commands(): Promise<string[][]> {
  const readme = await readFile(join(repository, 'plugins/local/README.md'), 'utf8')
  const lines = readme.match(/^npm install .*$/gm) ?? []
  return lines.map((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1))
}

/** Node's name for this machine, as the platform packages of node-llama-cpp have it. */
const platform = `${process.platform}-${process.arch}`

describe('the tarball, installed in an empty folder without development dependencies', () => {
  let folder = ''
  let tarball = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'installed-'))
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: repository })
    tarball = join(folder, JSON.parse(stdout)[0].filename)
    await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    await run('npm', ['install', '--omit=dev', ...quiet, tarball], { cwd: folder, timeout: installLimitMs })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const start = (document: object) => startGatewayProcess(document, { program: join(folder, 'node_modules/.bin/openclaw') })
  const guide = async (gateway: GatewayProcess) => {
    const messages = [{ role: 'user' as const, content: 'How do I use Ollama?' }]
    const answer = await clientOf(gateway).chat.completions.create({ model: 'local/guide', messages })
    return answer.choices[0]?.message.content ?? ''
  }

  test('takes at most 40 MB', async () => {
    const bytes = await bytesIn(join(folder, 'node_modules'))
    assert.ok(bytes <= 40 * megabyte, `${bytes} bytes`)
  })

  test('runs the gateway, which answers from the manual', async () => {
    const gateway = await start({})
    try {
      assert.match(await guide(gateway), /OLLAMA_HOST[^]*Pages: docs\/start\.md/)
      await assert.rejects(clientOf(gateway).embeddings.create({ model: 'local/use-lite-en', input: 'x' }), /@energetic-ai/)
    } finally {
      await gateway.stop()
    }
  })

  test('its types resolve as a package and for a bundler', async () => {
    const tool = (name: string) => join(repository, 'node_modules/.bin', name)
    const published = await run(tool('publint'), ['run', tarball, '--level', 'error'])
    assert.match(published.stdout, /All good!/)
    await run(tool('attw'), [tarball, '--profile', 'esm-only'])
  })

  test('the smallest embedding compiles with either resolution, and runs', async () => {
    for (const file of ['main.ts', 'echo.ts']) await cp(join(repository, 'examples/embedded-min', file), join(folder, 'src', file))
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const strict = ['--strict', '--target', 'ES2022', '--lib', 'ES2023', '--types', 'node', '--exactOptionalPropertyTypes']
    const compile = (...args: string[]) => run(process.execPath, [compiler, 'src/main.ts', ...strict, ...args], { cwd: folder })
    await compile('--module', 'ESNext', '--moduleResolution', 'bundler', '--noEmit')
    await compile('--module', 'NodeNext', '--outDir', 'out')
    const child = spawn(process.execPath, ['out/main.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const printed: Record<string, string> = {}
    for await (const line of createInterface({ input: child.stdout })) {
      const [key = '', value = ''] = line.split(' ')
      printed[key] = value
      if (key === 'token') break
    }
    const client = clientOf({ url: printed['url'] ?? '', token: printed['token'] ?? '' })
    const answer = await client.chat.completions.create({ model: 'local/echo', messages: [{ role: 'user', content: 'Hello there' }] })
    assert.equal(answer.choices[0]?.message.content, 'Hello there')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    assert.equal(await ended, 0)
  })

  test('with every optional part it takes at most 150 MB, and they work', async () => {
    for (const args of await commands())
      await run('npm', [...args.map((arg) => arg.replace('linux-x64', platform)), ...quiet], { cwd: folder, timeout: installLimitMs })
    const bytes = await bytesIn(join(folder, 'node_modules'))
    assert.ok(bytes <= 150 * megabyte, `${bytes} bytes`)
    const path = join(folder, 'random.gguf')
    await writeFile(path, randomGguf(7))
    const gateway = await start({ plugins: { entries: { local: { config: { gguf: { path, contextTokens: 512, threads: 1 } } } } } })
    try {
      assert.match(await guide(gateway), /OLLAMA_HOST/)
      const client = clientOf(gateway)
      const input = 'A sentence about ships.'
      const floats = await client.embeddings.create({ model: 'local/use-lite-en', input, encoding_format: 'float' })
      const decoded = await client.embeddings.create({ model: 'local/use-lite-en', input })
      assert.equal(floats.data[0]?.embedding.length, 512)
      assert.deepEqual(decoded.data[0]?.embedding, floats.data[0]?.embedding.map(Math.fround))
      await speak(client)
    } finally {
      await gateway.stop()
    }
  })
})

/** The engine itself: as long as asked, the same for the same seed, and ended by a client that leaves. */
async function speak(client: OpenAI) {
  const body = { model: 'local/random', messages: [{ role: 'user' as const, content: 'ship' }], max_tokens: 24, temperature: 0.8, seed: 5 }
  const [one, two] = [await client.chat.completions.create(body), await client.chat.completions.create(body)]
  assert.equal(one.choices[0]?.finish_reason, 'length')
  assert.ok((one.choices[0]?.message.content ?? '').length > 0)
  assert.equal(two.choices[0]?.message.content, one.choices[0]?.message.content)
  const stream = await client.chat.completions.create({ ...body, max_tokens: 400, stream: true })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  stream.controller.abort()
  const next = await client.chat.completions.create({ ...body, max_tokens: 4 })
  assert.equal(next.choices[0]?.finish_reason, 'length')
}
