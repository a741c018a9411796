import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { checkKernel, checkPlugins } from '../../cli/config/check.js'
import { composeDocument } from '../../cli/config/document.js'
import { pathsWith } from '../../cli/config/document-schema.js'
import { nearest } from '../../cli/config/nearest.js'
import { cutSections } from '../../cli/config/sections.js'
import { selectPlugins } from '../../cli/config/select.js'
import { standard } from '../../cli/standard.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'document-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const paths = () => ({ config: join(folder, 'openclaw.json'), home: folder })
const select = (document: Record<string, any>, only?: string[]) => selectPlugins(document, paths(), only)
const compose = async (document: Record<string, any>, only?: string[]) => composeDocument(document, await select(document, only))
const names = ({ plugins }: Awaited<ReturnType<typeof compose>>) => plugins.map(({ plugin }) => plugin.name).sort()
const configOf = ({ plugins }: Awaited<ReturnType<typeof compose>>, name: string) =>
  plugins.find(({ plugin }) => plugin.name === name)?.config
const reasons = ({ off }: Awaited<ReturnType<typeof compose>>) => Object.fromEntries(off.map(({ name, reason }) => [name, reason]))
const texts = (issues: readonly { path: string; message: string }[]) => issues.map(({ path, message }) => `${path}: ${message}`)

describe('document', () => {
  test('every owner gets its section, deeper ones are cut out of shallower ones', () => {
    const document = { a: { x: 1, b: { y: 2, c: { z: 3 } }, r: { p: { k: 'one' }, q: { k: 'two' }, s: {} } }, d: { e: {} } }
    const owners = [
      { section: 'a' },
      { section: 'a.b.c' },
      { section: 'a.b' },
      { section: 'none.at.all' },
      { section: { path: 'a.r', by: 'k', values: ['one', undefined] } },
    ]
    const { rest, values } = cutSections(document, owners)
    assert.deepEqual(
      owners.map((owner) => values.get(owner)),
      [{ x: 1, r: { q: { k: 'two' } } }, { z: 3 }, { y: 2 }, undefined, { p: { k: 'one' }, s: {} }],
    )
    assert.deepEqual(rest, { d: { e: {} } })
    assert.equal(document.a.b.c.z, 3, 'the document itself stays')
  })

  test('all bundled plugins run by default, with what is written for them', async () => {
    const composed = await compose({
      gateway: { mode: 'local', http: { allowedHosts: ['x'], endpoints: { chatCompletions: { enabled: true, maxImageParts: 3 } } } },
      agents: { list: [{ id: 'main' }] },
      models: {
        aliases: { a: 'p/x' },
        providers: { p: { baseUrl: 'http://x/v1' }, q: { baseUrl: 'http://y/v1', api: 'openai-completions' } },
      },
      logging: { level: 'debug' },
      plugins: { entries: { health: { enabled: true, config: {} } } },
    })
    const on = standard.filter((plugin) => plugin.default === true).map(({ name }) => name)
    assert.deepEqual(names(composed), [...on].sort())
    assert.deepEqual(texts([...composed.issues, ...composed.warnings]), [])
    assert.deepEqual(composed.gateway, { mode: 'local' })
    assert.deepEqual(configOf(composed, 'http'), { allowedHosts: ['x'], disabledPaths: [] })
    assert.deepEqual(configOf(composed, 'openai-chat'), { maxImageParts: 3 })
    assert.deepEqual(configOf(composed, 'agents'), { list: [{ id: 'main' }] })
    assert.deepEqual(configOf(composed, 'models'), { aliases: { a: 'p/x' } })
    assert.deepEqual(Object.keys(configOf(composed, 'provider-openai') as object), ['p', 'q'])
    assert.deepEqual((await checkKernel(composed)).issues, [])
    assert.deepEqual((await checkPlugins(composed)).issues, [])
  })

  test('what is turned off does not run, its section is left alone and its paths are known', async () => {
    const document = {
      gateway: { http: { endpoints: { chatCompletions: { enabled: false, whatever: 1 } } } },
      agents: { anything: 'goes' },
      plugins: { deny: ['agents'], entries: { 'openai-models': { enabled: false } } },
    }
    const composed = await compose(document)
    assert.deepEqual(reasons(composed), {
      'openai-chat': 'turned off by gateway.http.endpoints.chatCompletions.enabled',
      'openai-models': 'turned off by plugins.entries.openai-models.enabled',
      agents: 'denied by plugins.deny',
      hooks: 'off by default',
      'trusted-proxy': 'off by default',
    })
    assert.deepEqual(texts(composed.issues), [])
    assert.deepEqual((configOf(composed, 'http') as any).disabledPaths, ['/v1/models', '/v1/chat/completions'])
    assert.deepEqual(composed.broken, [])
    assert.ok(names(await compose({ gateway: { auth: { mode: 'trusted-proxy' } } })).includes('trusted-proxy'))
  })

  test('a selected set is completed by what it requires; deny wins; unknown names are refused', async () => {
    assert.deepEqual(names(await compose({}, ['openai-chat'])), ['http', 'inference', 'koa', 'models', 'openai-chat'])
    assert.deepEqual(names(await compose({ plugins: { allow: ['openai-chat'] } })), ['http', 'inference', 'koa', 'models', 'openai-chat'])
    assert.deepEqual(names(await compose({ plugins: { deny: ['openai-chat'] } }, ['openai-chat', 'health'])), ['health', 'http', 'koa'])
    assert.deepEqual(names(await compose({ plugins: { entries: { health: { enabled: false } } } }, ['health'])), ['health', 'http', 'koa'])
    // An allow list that means other programs' plugins leaves the bundled ones running.
    assert.ok(names(await compose({ plugins: { allow: ['telegram'] } })).includes('openai-chat'))
    await assert.rejects(select({}, ['helth']), { code: 'unknown_plugin', message: 'Plugin not found: helth (did you mean "health"?)' })
  })

  test('keys that are known elsewhere are stripped with one warning for each place, unknown ones are errors', async () => {
    const composed = await compose({
      $schema: 'x',
      meta: { lastTouchedVersion: '1' },
      channels: { telegram: { botToken: 'x' } },
      gateway: { port: 1, token: 'misplaced', tailscale: { mode: 'off' }, controlUi: {}, auth: { allowTailscale: true, tokken: 'x' } },
      agents: {
        defaults: { heartbeat: {}, sandbox: {}, model: 'a/b' },
        list: [
          { id: 'a', sandbox: {}, modell: 'x' },
          { id: 'b', sandbox: {} },
        ],
      },
      commands: { native: 'auto', restart: false },
      models: { providers: { claude: { api: 'anthropic-messages', baseUrl: 'x' }, odd: { api: 'telepathy' }, bad: 5 } },
      agnets: {},
    })
    assert.deepEqual(texts(composed.warnings).sort(), [
      'agents.defaults: not supported yet, ignored: heartbeat, sandbox',
      'agents.list.0: not supported yet, ignored: sandbox',
      'agents.list.1: not supported yet, ignored: sandbox',
      'channels: not supported yet, ignored',
      'commands: not supported yet, ignored: native',
      'gateway.auth: not supported yet, ignored: allowTailscale',
      'gateway.token: Config uses "gateway.token". This key is ignored; use "gateway.auth.token" instead.',
      'gateway: not supported yet, ignored: tailscale, controlUi',
      'models.providers.claude: not supported yet, ignored: api "anthropic-messages"',
    ])
    assert.deepEqual(
      composed.issues.map(({ path, message, plugin }) => [path, message, plugin]),
      [
        ['gateway.auth', 'Unrecognized key: "tokken" (did you mean "token"?)', undefined],
        ['agents.list.0', 'Unrecognized key: "modell" (did you mean "model"?)', 'agents'],
        ['', 'Unrecognized key: "agnets" (did you mean "agents"?)', undefined],
        ['models.providers.odd.api', 'Invalid input (allowed: "openai-completions")', 'provider-openai'],
        ['models.providers.bad', 'Invalid input: expected object', 'provider-openai'],
      ],
    )
    assert.deepEqual(composed.document['agents'].defaults, { model: 'a/b' })
    assert.deepEqual(composed.own.commands, { restart: false })
    assert.deepEqual(Object.keys(composed.document).sort(), ['$schema', 'agents', 'agnets', 'commands', 'gateway', 'models'])
    const { issues } = await checkKernel(composed)
    assert.deepEqual(texts(issues), [
      'gateway.auth: Unrecognized key: "tokken" (did you mean "token"?)',
      ': Unrecognized key: "agnets" (did you mean "agents"?)',
    ])
  })

  test('wrong values of the kernel and of the small sections are found', async () => {
    const composed = await compose({
      gateway: { port: 'x', bind: 'moon' },
      limits: { drainMs: -1 },
      env: { A: 1 },
      secrets: { providers: { p: { source: 'exec' } } },
      plugins: { allow: 'all', entries: { ghost: { enabled: true }, logs: { config: { level: 'x' } } } },
    })
    const found = texts((await checkKernel(composed)).issues)
    for (const path of ['gateway.port', 'gateway.bind', 'limits.drainMs', 'env.A', 'secrets.providers.p', 'plugins.allow'])
      assert.ok(
        found.some((text) => text.startsWith(path)),
        `${path} in ${found.join('\n')}`,
      )
    assert.deepEqual(texts(composed.warnings), [
      'plugins.entries.ghost: plugin not found: ghost (stale config entry ignored; remove it from plugins config)',
      'plugins.entries.logs.config: not read: the section of plugin "logs" is logging',
    ])
  })

  test('a third-party plugin runs from its path, under its own name and section', async () => {
    const place = join(folder, 'openclaw-plugin-toy')
    mkdirSync(join(place, 'lib'), { recursive: true })
    writeFileSync(join(place, 'package.json'), '{"type": "module", "exports": {".": {"import": "./lib/main.js"}}}')
    writeFileSync(
      join(place, 'lib', 'main.js'),
      `export default { api: 1, name: 'toy', section: 'toys', schema: { type: 'object', additionalProperties: false, properties: { a: {} } }, apply() {} }`,
    )
    writeFileSync(join(folder, 'broken.mjs'), 'throw new Error("on purpose")')
    writeFileSync(join(folder, 'http.mjs'), `export default { api: 1, name: 'http', apply() {} }`)
    writeFileSync(join(folder, 'empty.mjs'), 'export default 5')
    mkdirSync(join(folder, 'outside'), { recursive: true })
    writeFileSync(join(folder, 'outside', 'package.json'), '{"main": "../broken.mjs"}')
    const load = { paths: ['./openclaw-plugin-toy', '~/broken.mjs', 'http.mjs', 'empty.mjs', 'outside', 'missing'] }
    const composed = await compose({ plugins: { load }, toys: { a: 1, b: 2 } })
    assert.deepEqual(configOf(composed, 'toy'), { a: 1, b: 2 })
    assert.equal(composed.sources.get('toy'), place)
    assert.deepEqual(texts(composed.issues), ['toys: Unrecognized key: "b" (did you mean "a"?)'])
    const broken = Object.fromEntries(composed.broken.map(({ name, reason }) => [name, reason]))
    assert.match(broken['broken'] ?? '', /could not load .*on purpose/)
    assert.match(broken['http'] ?? '', /the name "http" is taken by another plugin/)
    assert.match(broken['empty'] ?? '', /has no plugin as its default export/)
    assert.match(broken['outside'] ?? '', /lies outside of it/)
    assert.match(broken['missing'] ?? '', /plugin path not found/)
    const off = async (plugins: object) => reasons(await compose({ plugins: { load: { paths: [place] }, ...plugins } }))['toy']
    assert.equal(await off({ enabled: false }), 'turned off by plugins.enabled')
    assert.equal(await off({ allow: ['other'] }), 'not in plugins.allow')
    assert.equal(await off({ allow: ['toy'] }), undefined)
    assert.equal(await off({ entries: { toy: { enabled: false } } }), 'turned off by plugins.entries.toy.enabled')
  })

  test('the composed schema knows every section, its secrets and what needs a restart', async () => {
    const { schema } = await compose({})
    const secrets = pathsWith(schema, (node) => node['x-secret'] === true)
    for (const path of [
      'gateway.auth.token',
      'gateway.auth.password',
      'models.providers.*.apiKey',
      'models.providers.*.headers.*',
      'gateway.tls.key',
    ])
      assert.ok(secrets.includes(path), path)
    const process = pathsWith(schema, (node) => node['x-reload'] === 'process')
    for (const path of ['gateway.tls', 'env', 'logging.file']) assert.ok(process.includes(path), path)
    const endpoints = (schema.properties as any).gateway.properties.http.properties.endpoints.properties
    assert.deepEqual(Object.keys(endpoints).sort(), ['chatCompletions', 'embeddings', 'models', 'responses'])
    assert.ok(endpoints.chatCompletions.properties.enabled)
  })

  test('the nearest word, or none', () => {
    assert.equal(nearest('prot', ['port', 'proto-x', 'bind']), 'port')
    assert.equal(nearest('Gateway', ['gateway']), 'gateway')
    assert.equal(nearest('xyz', ['port', 'bind']), undefined)
    assert.equal(nearest('a', ['b', 'ab']), 'b')
  })
})
