import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import config from '../../../plugins/config/index.js'
import { bootControl } from '../../support/control.js'
import { connectOperator, type Response } from '../../support/operator.js'
import { bootWithFile } from './boot.js'

const masked = '__OPENCLAW_REDACTED__'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('config.get', () => {
  test('the file, what it says and what holds, without its secrets', async () => {
    const text = `// How we run.
{
  gateway: { mode: 'local', auth: { token: 'canary-token' } }, // "old"
  "logging": { "level": "debug", },
  channels: { pager: { botToken: "canary-bot" } }
}
`
    const { as, path } = await bootWithFile(text)
    const answer = await (await as('operator.read')).call('config.get', {})
    assert.deepEqual([answer.path, answer.exists, answer.valid, answer.hash], [path, true, true, sha256(text)])
    assert.equal(answer.raw, text.replace('canary-token', masked).replace('canary-bot', masked))
    const parsed = {
      gateway: { mode: 'local', auth: { token: masked } },
      logging: { level: 'debug' },
      channels: { pager: { botToken: masked } },
    }
    assert.deepEqual([answer.parsed, answer.resolved], [parsed, parsed])
    assert.deepEqual([answer.config.logging.level, answer.config.logging.maxFiles], ['debug', 5])
    assert.deepEqual([answer.config.gateway.auth.token, answer.config.channels], [masked, parsed.channels])
    assert.deepEqual([answer.issues, answer.legacyIssues], [[], []])
    assert.deepEqual(
      answer.warnings.map(({ path: at }: { path: string }) => at),
      ['channels'],
    )
  })

  test('is about the file as it is now', async () => {
    const { as, write } = await bootWithFile('{ logging: { level: "info" } }')
    const client = await as('operator.read')
    const before = await client.call('config.get')
    write('{ logging: { level: "warn" } }')
    const after = await client.call('config.get')
    assert.deepEqual([before.config.logging.level, after.config.logging.level], ['info', 'warn'])
    assert.notEqual(before.hash, after.hash)
  })

  test('problems are named with path and line; a file that cannot be parsed has no text to show', async () => {
    const { as, write } = await bootWithFile('{\n  logging: { level: "loud", password: 4711 }\n}')
    const client = await as('operator.read')
    const wrong = await client.call('config.get')
    assert.equal(wrong.valid, false)
    assert.deepEqual(
      wrong.issues.map(({ path, line }: any) => [path, line]),
      [
        ['logging', 2],
        ['logging.level', 2],
      ],
    )
    write('{ gateway: { auth: { token: "canary" }')
    const { raw, valid, parsed, issues } = await client.call('config.get')
    assert.deepEqual([raw, valid, parsed], [null, false, {}])
    assert.match(issues[0].message, /^JSON5 parse failed/)
  })

  test('without a file there are defaults', async () => {
    const { as } = await bootWithFile(undefined)
    const answer = await (await as('operator.read')).call('config.get')
    assert.deepEqual([answer.exists, answer.raw, answer.parsed, answer.valid], [false, null, {}, true])
    assert.equal(answer.config.logging.level, 'info')
  })

  test('takes no parameters and needs the read scope', async () => {
    const { as } = await bootWithFile('{}')
    assert.equal((await (await as('operator.read')).request('config.get', { all: 1 })).error?.code, 'INVALID_REQUEST')
    assert.equal((await (await as()).request('config.get')).error?.message, 'missing scope: operator.read')
  })

  test('embedded without a file there are no such methods; without a host that reads it they say so', async () => {
    const embedded = await bootControl({ plugins: [config] })
    const client = await connectOperator(embedded.url, { token: embedded.token })
    assert.match((await client.request('config.get')).error?.message ?? '', /^unknown method/)
    const alone = await bootControl({ plugins: [config], paths: { config: '/nowhere/openclaw.json' } })
    const other = await connectOperator(alone.url, { token: alone.token })
    assert.equal((await other.request('config.get')).error?.message, 'this gateway runs without a configuration file')
  })
})

describe('config.schema', () => {
  test('is the JSON Schema of the document, with hints by path, for administrators', async () => {
    const { as } = await bootWithFile('{}')
    const client = await as('operator.admin')
    const { schema, uiHints, version, generatedAt } = await client.call('config.schema', {})
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#')
    assert.equal(schema.properties.logging.properties.level.default, 'info')
    assert.deepEqual(uiHints['gateway.auth.token'], { sensitive: true })
    assert.equal(uiHints['models.providers.*.apiKey'].sensitive, true)
    assert.match(uiHints['agents.list[].default'].help, /Answers when/)
    assert.match(version, /^\d+\.\d+\.\d+/)
    assert.equal(new Date(generatedAt).toISOString(), generatedAt)
    assert.equal((await (await as('operator.read')).request('config.schema')).error?.message, 'missing scope: operator.admin')
  })
})

describe('config.schema.lookup', () => {
  const look = async (...paths: string[]) => {
    const { as } = await bootWithFile('{}')
    const client = await as('operator.read')
    return Promise.all(paths.map((path) => client.request('config.schema.lookup', { path })))
  }

  test('one node without what is below it, and what may be below it', async () => {
    const [answer] = await look('logging')
    const { path, schema, children, hint } = (answer as Response).payload
    assert.deepEqual([path, hint, schema.type, schema.properties], ['logging', undefined, 'object', undefined])
    const { hint: levelHint, ...level } = children.find(({ key }: { key: string }) => key === 'level')
    assert.deepEqual(level, {
      key: 'level',
      path: 'logging.level',
      type: 'string',
      required: false,
      hasChildren: false,
      hintPath: 'logging.level',
    })
    assert.match(levelHint.help, /Least severe level/)
  })

  test('keys of records, positions in lists and alternatives are found in every spelling', async () => {
    const spellings = ['agents.list[].id', 'agents.list[0].id', 'agents.list.0.id', 'agents.list.*.id', 'agents.list[*].id']
    for (const [at, { payload, error }] of (await look(...spellings)).entries()) {
      assert.equal(error, undefined, spellings[at])
      assert.deepEqual([payload.path, payload.schema.type, payload.hintPath], [spellings[at], 'string', 'agents.list[].id'])
    }
    const [key, parent] = await look('models.providers.acme.apiKey', 'models.providers.acme')
    assert.deepEqual([key?.payload.hintPath, key?.payload.hint.sensitive], ['models.providers.*.apiKey', true])
    const child = parent?.payload.children.find((each: { key: string }) => each.key === 'models')
    assert.deepEqual([child.path, child.hasChildren], ['models.providers.acme.models', true])
    assert.equal(parent?.payload.children.find((each: { key: string }) => each.key === 'baseUrl').required, true)
  })

  test('a path that leads nowhere, and one that is none', async () => {
    for (const { error } of await look('nowhere', 'logging.level.deeper', 'logging.__proto__', 'logging.constructor'))
      assert.deepEqual(error, { code: 'INVALID_REQUEST', message: 'config schema path not found' })
    for (const { error } of await look('', 'a b', 'x'.repeat(1_025))) {
      assert.equal(error?.code, 'INVALID_REQUEST')
      assert.notEqual(error?.message, 'config schema path not found')
    }
  })
})
