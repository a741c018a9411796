import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Handle, type Kernel, definePlugin, type Row } from 'openclaw/plugin'
import agents from '../../../plugins/agents/index.js'
import channels from '../../../plugins/channels/index.js'
import { type Method, Methods } from '../../../plugins/contracts/methods.js'
import health from '../../../plugins/health/index.js'
import logs from '../../../plugins/logs/index.js'
import models from '../../../plugins/models/index.js'
import { account, channelPlugin } from '../../support/channel.js'
import { memorySessions, session } from '../../support/memory-sessions.js'
import { bootWithFile } from './boot.js'

/** Secrets wherever somebody may write one. */
const planted = `{
  // "password": "canary-commented-out", and the key was canary-apikey
  /* token = canary-block */
  gateway: {
    auth: { mode: "token", token: "canary-token", password: '\\u0063anary-escaped' },
    remote: { url: "wss://there", token: "canary-remote" },
    trustedProxies: [],
  },
  env: { PLAIN: "canary-env", vars: { OTHER: "canary-vars" } },
  secrets: { providers: { vault: { source: "exec", command: "/bin/true", env: { KEY: "canary-exec-env" } } } },
  models: { providers: { acme: {
    baseUrl: "https://user:canary-userinfo@acme.example/v1?key=canary-query",
    apiKey: "canary-apikey",
    headers: { "x-team": "canary-header", "x-other": "\${CANARY_HEADER}" },
    models: [{ id: "one", name: "Uses \${CANARY_NAME}" }],
  } } },
  channels: {
    pager: { botToken: "canary-bot", allowedTokens: ["canary-list"], webhookUrl: "https://x.example/canary-hook", password: 90417 },
    accounts: { "1": { signingSecret: "canary-signing" }, headers: { cookie: "canary-cookie" } },
  },
  plugins: { entries: { gone: { config: { pin: "canary-pin", deep: { more: ["canary-deep"] } } } } },
  logging: { file: "canary-apikey-in-a-path.jsonl" },
}`
const canary = /canary|90417/i
const env = { CANARY_HEADER: 'canary-substituted-header', CANARY_NAME: 'canary-substituted-name' }
/** Parameters of the actions that need some. */
const params: Record<string, unknown[]> = {
  health: [{}, { probe: true }],
  'channels.status': [{}, { probe: true }],
  'config.schema.lookup': ['gateway.auth.token', 'models.providers.acme', 'plugins.entries.gone.config'].map((path) => ({ path })),
}

/** Everything a reader's connection heard after it called every action that a reader may call. */
async function readEverything(text: string): Promise<{ called: string[]; refused: string[]; heard: string }> {
  let table: Handle<ReadonlyMap<string, Row<Method>>> | undefined
  let kernel: Kernel | undefined
  const walker = definePlugin({
    api: 1,
    name: 'walker',
    apply(own: Kernel<never, never>) {
      kernel = own
      table = own.table(Methods)
      own.hooks.start.tap(async () => {
        for (const secret of ['canary-bot', 'canary-apikey']) await own.secret(secret)
      })
    },
  })
  const pager = channelPlugin('pager', {
    accounts: () => [account('default', { lastError: '401 for canary-bot' })],
    probe: () => Promise.reject(new Error('401 for canary-bot')),
  })
  const talk = memorySessions(() => [session('agent:main:main', { settings: { label: 'canary-label' } })])
  const others = [walker, agents, models, channels, pager, health, talk, { plugin: logs, config: {} }]
  const { control, as } = await bootWithFile(text, env, { plugins: others })
  kernel?.log.warn('refused with canary-bot', { key: 'canary-apikey' })
  const client = await as('operator.read')
  const rows = [...(table?.current.values() ?? [])].filter(({ value: { scope } }) => scope === null || scope === 'operator.read')
  const refused: string[] = []
  for (const { key } of rows) for (const each of params[key] ?? [{}]) if (!(await client.request(key, each)).ok) refused.push(key)
  await control.gateway.close()
  return { called: rows.map(({ key }) => key), refused, heard: JSON.stringify([client.hello, client.frames]) }
}

describe('reading', () => {
  test('T-SCOPE-09 no read action reveals a planted secret', async () => {
    const { called, refused, heard } = await readEverything(planted)
    for (const method of ['config.get', 'config.schema.lookup', 'health', 'status', 'logs.tail', 'channels.status', 'models.list'])
      assert.ok(called.includes(method), method)
    assert.deepEqual(refused, [])
    assert.match(heard, /refused with \[secret\]/)
    assert.match(heard, /__OPENCLAW_REDACTED__/)
    const leaks = heard.match(new RegExp(`.{60}(?:${canary.source}).{20}`, 'gi')) ?? []
    assert.deepEqual(
      leaks.filter((leak) => !leak.includes('CANARY_')),
      [],
    )
  })

  test('T-SCOPE-09 nor does it of a file that is not valid', async () => {
    const wrong = [
      '{ gateway: { auth: { token: { value: "canary-shape" }, password: 90417 } } }',
      '{ gateway: { auth: ["canary-list"], auth: { token: "canary-twice" } } }',
      '{ gateway: { auth: { token: "canary-open" }',
      '{ plugins: { entries: { gone: { config: { pin: "canary-pin" } }, gone: 1 } } }',
      '{ models: { providers: { acme: { apiKey: ["canary-array"], headers: "canary-text" } } } }',
    ]
    for (const text of wrong) {
      const { heard } = await readEverything(text)
      assert.match(heard, /"valid":false/, text)
      assert.ok(!canary.test(heard), `${text}: ${heard.match(/.{60}canary.{20}/)}`)
    }
  })

  test('what is masked in the text is all that changes in it', async () => {
    const { as } = await bootWithFile(planted, env)
    const { raw } = await (await as('operator.read')).call('config.get')
    const kept = planted.split('\n').map((line) => line.replace(/(["']).*?\1/g, ''))
    const shown = raw.split('\n').map((line: string) => line.replace(/(["']).*?\1/g, ''))
    assert.deepEqual(shown.slice(3, 9), kept.slice(3, 9))
    assert.equal(raw.split('\n').length, planted.split('\n').length)
    assert.ok(raw.includes('"x-other": "${CANARY_HEADER}"'))
    assert.ok(raw.includes(`password: '__OPENCLAW_REDACTED__'`))
    assert.ok(raw.includes('id: "one", name: "Uses ${CANARY_NAME}"'))
  })
})
