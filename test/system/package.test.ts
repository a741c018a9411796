import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { repository } from '../support/third-party.js'

const run = promisify(execFile)
const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
const token = 'a-token-of-this-test-only'

/** What someone who installed the package may write, and one thing that they may not. */
const consumer = `
import { createGateway, use, type Gateway } from 'openclaw'
import { loadConfig } from 'openclaw/config'
import { Models, Probes, Routes } from 'openclaw/contracts'
import { definePlugin, defineSchema, optional } from 'openclaw/plugin'
import health from 'openclaw/plugins/health'
import http from 'openclaw/plugins/http'
import koa from 'openclaw/plugins/koa'
import openaiChat from 'openclaw/plugins/openai-chat'
import { conformance, createTestGateway } from 'openclaw/testing'

const greeter = definePlugin({
  api: 1,
  name: 'greeter',
  schema: defineSchema<{ greeting: string }>({
    type: 'object',
    additionalProperties: false,
    properties: { greeting: { type: 'string', default: 'Hi' } },
  }),
  requires: [optional(Models)],
  apply(kernel) {
    const models = kernel.use(Models)
    kernel.surface(Probes).tap((probes) => probes.add('greeter', { check: () => undefined }))
    kernel.surface(Routes).tap((routes) => {
      routes.get('/plugins/greeter/raw', { auth: 'gateway', scope: 'operator.read', raw: true }, (_req, _res, call) =>
        call.replyJson(200, { models: models.current?.list().length ?? 0 }),
      )
      routes.get('/plugins/greeter/:name', { auth: 'gateway', scope: 'operator.read' }, (ctx) => {
        ctx.body = { text: \`\${kernel.config.current.greeting}, \${ctx.params.name}\` }
      })
      // @ts-expect-error A route without an auth word.
      void (() => routes.get('/plugins/greeter/open', { raw: true }, () => undefined))
    })
  },
})

const gateway: Gateway = await createGateway({
  plugins: [http, koa, health, use(greeter, { greeting: 'Hello' })],
  gateway: { port: 0, auth: { mode: 'token', token: '${token}' } },
})
const get = async (path: string) =>
  (await fetch(gateway.url + path, { headers: { authorization: 'Bearer ${token}' } })).text()
console.log(JSON.stringify([await get('/plugins/greeter/raw'), await get('/plugins/greeter/you'), await get('/health')]))
await gateway.close()
console.log(JSON.stringify([typeof loadConfig, typeof conformance, typeof createTestGateway, openaiChat.name]))
`

const compilerOptions = {
  module: 'NodeNext',
  target: 'ES2022',
  lib: ['ES2023'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
  outDir: 'out',
}

describe('the package', () => {
  let root = ''
  let packed: { path: string; size: number }[] = []
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'package-'))
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: repository, maxBuffer: 16_777_216 })
    packed = JSON.parse(stdout)[0].files
    for (const { path } of packed) await cp(join(repository, path), join(root, 'node_modules/openclaw', path))
  })
  after(() => rm(root, { recursive: true, force: true }))

  test('holds what was built, documents and licence, and no source', () => {
    const allowed = /^(dist\/|docs\/|(CHANGELOG|README)\.md$|LICENSE$|package\.json$)/
    assert.deepEqual(
      packed.map(({ path }) => path).filter((path) => !allowed.test(path)),
      [],
    )
    assert.deepEqual(
      packed.map(({ path }) => path).filter((path) => /(?<!\.d)\.ts$/.test(path)),
      [],
    )
    const bytes = packed.reduce((sum, { size }) => sum + size, 0)
    assert.ok(bytes > 500_000 && bytes < 10_000_000, `${bytes} bytes`)
  })

  test('has the code and the types of each of its entries', () => {
    const files = new Set(packed.map(({ path }) => path))
    const entries = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'object' ? [entry as Record<string, string>] : []))
    const targets = entries.flatMap(({ types, default: code }) => [types, code].map((path) => (path as string).slice(2)))
    const plugins = [...files].flatMap((path) => /^dist\/plugins\/([^/]+)\.js$/.exec(path)?.[1] ?? [])
    assert.ok(plugins.includes('health') && plugins.includes('openai-chat'))
    const wanted = targets.flatMap((path) => (path.includes('*') ? plugins.map((name) => path.replace('*', name)) : [path]))
    assert.deepEqual(
      wanted.filter((path) => !files.has(path)),
      [],
    )
  })

  test('names the packages that are inside it, with their licences', async () => {
    const notices = await readFile(join(root, 'node_modules/openclaw/dist/THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const name of ['tapable', 'koa', 'undici']) assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'))
  })

  test('its command runs by itself', async () => {
    const cli = join(root, 'node_modules/openclaw', manifest.bin.openclaw)
    assert.equal((await stat(cli)).mode & 0o111, 0o111)
    const { stdout } = await run(cli, ['--version'])
    assert.match(stdout, new RegExp(`\\b${manifest.version.replaceAll('.', '\\.')}\\b`))
  })

  test('what imports it compiles strictly and runs, with none of its dependencies beside it', async () => {
    await writeFile(join(root, 'package.json'), '{"type":"module"}')
    await writeFile(join(root, 'main.ts'), consumer)
    await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
    const packages = ['@types', 'undici-types', ...Object.keys(manifest.dependencies).filter((name) => !name.startsWith('@types/'))]
    for (const name of packages) {
      await mkdir(join(root, 'node_modules', name, '..'), { recursive: true })
      await symlink(join(repository, 'node_modules', name), join(root, 'node_modules', name), 'dir')
    }
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const compiled = await run(process.execPath, [compiler, '-p', '.'], { cwd: root }).catch((error) => error)
    assert.equal(compiled.stdout, '')
    for (const name of packages) await rm(join(root, 'node_modules', name))
    const { stdout } = await run(process.execPath, ['out/main.js'], { cwd: root })
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [
        ['{"models":0}', '{"text":"Hello, you"}', '{"ok":true,"status":"live"}'],
        ['function', 'function', 'function', 'openai-chat'],
      ],
    )
  })
})
