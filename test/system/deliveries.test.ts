import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { use } from 'openclaw'
import { GatewayError } from 'openclaw/plugin'
import { type ClaimKey, Claims, migrations } from '../../plugins/hooks/claims.js'
import type { ConfigInput } from '../../plugins/hooks/schema.js'
import { type Database, Store } from '../../plugins/contracts/store.js'
import store from '../../plugins/store/index.js'
import { bootGateway } from '../support/gateway.js'
import { probe } from '../support/registry.js'
import { temporaryFolder } from '../support/sessions.js'
import { startUpstream } from '../support/upstream.js'
import { answerOf, boot, type Booted } from '../plugins/hooks/boot.js'
import { nowS, type Provider, providers } from '../plugins/hooks/senders.js'
import { enabled, hookToken } from '../plugins/hooks/uses.js'

const none = { authorization: '' }

/** One path for each provider, and one that wakes. */
const accounts = (senders: readonly { scheme: Provider['scheme']; secret: string }[]): ConfigInput =>
  enabled({
    mappings: senders.flatMap(({ scheme, secret }) => [
      { id: scheme, match: { path: scheme }, messageTemplate: '{{text}} {{query.x}}', signature: { scheme, secret } },
      { id: `${scheme}-wake`, match: { path: `${scheme}/wake` }, action: 'wake', textTemplate: '{{text}}', signature: { scheme, secret } },
    ]),
  })

const senders = providers.map((provider) => ({ provider, scheme: provider.scheme, ...provider.sender('one') }))
const deliveryOf = ({ provider, headers }: (typeof senders)[number], id: string, stampS = nowS()) => {
  const body = JSON.stringify(provider.payload(id))
  return { body, headers: headers(body, stampS, id) }
}

describe('hooks: a delivery that comes again', () => {
  for (const from of senders)
    test(`T-HOOK-04 ${from.scheme}: however it is spelt and however often it comes, it is one run`, async () => {
      const it = await boot({ hooks: accounts(senders) })
      const { body, headers } = deliveryOf(from, 'evt_1')
      const spelt = (change: (name: string, value: string) => [string, string]) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => change(name, value)))
      const spellings: [path: string, headers: Record<string, string>][] = [
        ['?x=1&y=2', headers],
        ['?y=2&x=1', headers],
        ['/', headers],
        ['', spelt((name, value) => [name.toUpperCase(), value])],
        ['', { ...headers, 'idempotency-key': 'another', 'x-request-id': 'another-request' }],
        ['', { ...headers, 'x-github-delivery': 'evt_2' }],
      ]
      if (from.scheme === 'hmac-sha256')
        spellings.push(['', spelt((name, value) => [name, value.replace(/=$/, '').replaceAll('+', '-').replaceAll('/', '_')])])
      if (from.scheme === 'github' || from.scheme === 'slack' || from.scheme === 'discord')
        spellings.push(['', spelt((name, value) => [name, value.replace(/[\da-f]{64,}/, (signature) => signature.toUpperCase())])])
      const ids = new Set<string>()
      for (const [path, sent] of [...spellings, ...Array.from({ length: 100 }, (): (typeof spellings)[number] => ['', headers])]) {
        const { status, json } = await it.post(`/hooks/${from.scheme}${path}`, body, { ...none, ...sent })
        assert.equal(status, 200, JSON.stringify([path, sent]))
        ids.add(json.runId)
      }
      await it.settled()
      assert.equal(ids.size, 1)
      assert.equal(it.asked().length, 1)
      await it.close()
    })

  for (const from of senders.filter(({ provider: { scheme, timed } }) => timed && scheme !== 'discord'))
    test(`T-HOOK-04 ${from.scheme}: signed anew, the same event is the same run; another event is another`, async () => {
      const it = await boot({ hooks: accounts(senders) })
      const runOf = async (id: string, stampS: number) => {
        const { body, headers } = deliveryOf(from, id, stampS)
        return (await it.post(`/hooks/${from.scheme}`, body, { ...none, ...headers })).json.runId as string
      }
      const first = await runOf('evt_1', nowS() - 60)
      assert.equal(await runOf('evt_1', nowS()), first)
      assert.notEqual(await runOf('evt_2', nowS()), first)
      await it.close()
    })

  test('T-HOOK-04 100 at once are one run, and one wake', async () => {
    const it = await boot({ hooks: accounts(senders) })
    for (const from of senders) {
      const { body, headers } = deliveryOf(from, 'evt_7')
      const all = (path: string) => Promise.all(Array.from({ length: 50 }, () => it.post(path, body, { ...none, ...headers })))
      const runs = await all(`/hooks/${from.scheme}`)
      assert.deepEqual(new Set(runs.map(({ status }) => status)), new Set([200]), from.scheme)
      assert.equal(new Set(runs.map(({ json }) => json.runId)).size, 1, from.scheme)
      const before = it.events.list().filter((line) => line.includes('sent text from outside')).length
      const wakes = await all(`/hooks/${from.scheme}/wake`)
      assert.deepEqual(new Set(wakes.map(({ text }) => text)), new Set(['{"ok":true,"mode":"now"}']), from.scheme)
      assert.equal(it.events.list().filter((line) => line.includes('sent text from outside')).length, before + 1, from.scheme)
    }
    await it.settled()
    assert.equal(it.asked().length, senders.length)
    await it.close()
  })

  test('T-HOOK-04 it is remembered over reloads, a renamed mapping and a rotated secret', async () => {
    const from = senders.find(({ scheme }) => scheme === 'github') as (typeof senders)[number]
    const before = { secret: from.secret, until: new Date(Date.now() + 60_000).toISOString() }
    const section = (id: string, signature: object) =>
      enabled({ mappings: [{ id, match: { path: 'git' }, messageTemplate: 'm', signature: { scheme: 'github', ...signature } as never }] })
    const it = await boot({ hooks: section('one', { secret: from.secret }) })
    const { body, headers } = deliveryOf(from, 'evt_1')
    const runId = async () => (await it.post('/hooks/git', body, { ...none, ...headers })).json.runId
    const first = await runId()
    await it.reload(section('two', { secret: 'a new secret of the repository', previous: before }))
    assert.equal(await runId(), first)
    await it.close()
  })
})

const script = fileURLToPath(new URL('../plugins/hooks/killed.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A gateway in a process of its own. */
async function startProcess(upstream: string, state: string, section: ConfigInput) {
  const child = spawn(process.execPath, ['-C', 'openclaw-source', '--import', 'tsx', script, upstream, state, JSON.stringify(section)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  after(() => void child.kill('SIGKILL'))
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    post: async (path: string, body: string, headers: Record<string, string>) =>
      answerOf(await fetch(`${url}${path}`, { method: 'POST', body, headers })),
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

test('T-HOOK-04 T-HOOK-08 after kill -9 a delivery and a retry have the run that they had, and nothing runs twice', async () => {
  const state = await temporaryFolder()
  const upstream = await startUpstream({ respond: () => ({ hang: 'headers' }) })
  after(() => upstream.close())
  const requests = [
    ...senders.map((from) => ({ path: `/hooks/${from.scheme}`, ...deliveryOf(from, 'evt_1') })),
    ...['one', 'two'].map((key) => ({
      path: '/hooks/agent',
      body: '{"message":"hello"}',
      headers: { authorization: `Bearer ${hookToken}`, 'idempotency-key': key },
    })),
  ]
  const runIds = async (gateway: Awaited<ReturnType<typeof startProcess>>) => {
    const answers = await Promise.all(
      requests.map(({ path, body, headers }) => gateway.post(path, body, headers as Record<string, string>)),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    return answers.map(({ json }) => json.runId as string)
  }
  const first = await startProcess(upstream.baseUrl, state, accounts(senders))
  const before = await runIds(first)
  await first.kill()
  assert.equal(new Set(before).size, requests.length)
  const asked = upstream.requests.length
  const second = await startProcess(upstream.baseUrl, state, accounts(senders))
  assert.deepEqual(await runIds(second), before)
  // One that is new is asked of the model after all that came before it.
  await second.post('/hooks/agent', '{"message":"new"}', { authorization: `Bearer ${hookToken}` })
  while (!upstream.requests.slice(asked).some(({ body }) => /\nnew\n/.test(body.messages.at(-1).content)))
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(upstream.requests.length, asked + 1)
  await second.kill()
})

test('T-HOOK-08 a run that was claimed and had not begun when the process died begins with the retry, under its id', async () => {
  const opened = probe(Store, 'probe-store')
  let refuse = true
  const it = await boot({ more: [use(opened.plugin)] })
  const database = await opened.current.open({ name: 'hooks', migrations })
  const { runs } = it
  const { start } = runs
  // The place between the two commits, where a process may die.
  runs.start = (request) => (refuse ? Promise.reject(new Error('died here')) : start(request))
  const post = () => it.post('/hooks/agent', { message: 'hello' }, { 'idempotency-key': 'one' })
  assert.equal((await post()).status, 500)
  const [claimed] = database.sql('SELECT run_id, begun FROM retries').all()
  assert.equal(claimed?.begun, 0)
  refuse = false
  assert.equal((await post()).json.runId, claimed?.run_id)
  await it.settled()
  assert.equal(it.asked().length, 1)
  assert.equal((await post()).json.runId, claimed?.run_id)
  await it.settled()
  assert.equal(it.asked().length, 1)
  await it.close()
})

describe('hooks: idempotency keys', () => {
  const runOf = async (it: Booted, body: object, headers: Record<string, string> = {}, path = '/hooks/agent') => {
    const { status, json } = await it.post(path, body, headers)
    assert.equal(status, 200)
    return json.runId as string
  }

  test('T-HOOK-08 the same request with the same key is the same run; another body, key, path or credential is another', async () => {
    const twice = { match: { path: 'a' }, messageTemplate: '{{message}}' }
    const mappings = [twice, { ...twice, match: { path: 'b' } }]
    const it = await boot({ hooks: enabled({ mappings }) })
    const body = { message: 'hello' }
    const key = { 'idempotency-key': 'one' }
    const first = await runOf(it, body, key)
    assert.equal(await runOf(it, body, key), first)
    assert.equal(await runOf(it, body, { 'x-openclaw-idempotency-key': ' one ' }), first)
    assert.equal(await runOf(it, { ...body, idempotencyKey: 'one' }), first)
    assert.equal(await runOf(it, { ...body, idempotencyKey: 'two' }, key), first, 'the header comes first')
    assert.equal(await runOf(it, { ...body, idempotencyKey: 'two' }, { ...key, 'x-openclaw-idempotency-key': 'three' }), first)
    const others = [
      await runOf(it, body),
      await runOf(it, body),
      await runOf(it, body, { 'idempotency-key': 'two' }),
      await runOf(it, { message: 'hello!' }, key),
      await runOf(it, { ...body, name: 'Other' }, key),
      await runOf(it, { ...body, agentId: 'ops' }, key),
      await runOf(it, body, key, '/hooks/a'),
      await runOf(it, body, key, '/hooks/b'),
      await runOf(it, body, { 'idempotency-key': 'x'.repeat(257) }),
      await runOf(it, body, { 'idempotency-key': 'x'.repeat(257) }),
    ]
    assert.equal(new Set([first, ...others]).size, others.length + 1)
    const longest = { 'idempotency-key': 'x'.repeat(256) }
    assert.equal(await runOf(it, body, longest), await runOf(it, body, longest))
    assert.equal(await runOf(it, body, key, '/hooks/a'), others[6])
    await it.reload(enabled({ mappings, token: 'another-token-that-is-long-enough' }))
    const other = await runOf(it, body, { ...key, authorization: 'Bearer another-token-that-is-long-enough' })
    assert.ok(![first, ...others].includes(other))
    await it.reload(enabled({ mappings }))
    assert.equal(await runOf(it, body, key), first)
    await it.close()
  })

  test('T-HOOK-08 50 at once are one run', async () => {
    const it = await boot()
    const body = { message: 'hello' }
    const ids = await Promise.all(Array.from({ length: 50 }, () => runOf(it, body, { 'idempotency-key': 'one' })))
    await it.settled()
    assert.equal(new Set(ids).size, 1)
    assert.equal(it.asked().length, 1)
    await it.close()
  })
})

describe('hooks: what is remembered, and how long', () => {
  const minuteMs = 60_000
  /** A database of hooks by itself. */
  async function open(): Promise<{ claims: Claims; database: Database; close(): Promise<void> }> {
    const opened = probe(Store)
    const gateway = await bootGateway({ plugins: [store, opened.plugin] })
    const database = await opened.current.open({ name: 'hooks', migrations })
    return { claims: new Claims(database, {} as never), database, close: () => gateway.close() }
  }
  const retry = (key: string): ClaimKey => ({ kind: 'retries', key })
  const delivery = (key: string): ClaimKey => ({ kind: 'deliveries', key })
  const count = (database: Database, kind: string): number => database.sql(`SELECT count(*) AS n FROM ${kind}`).get().n

  test('a key is remembered for 5 minutes after its last use, a delivery for 24 hours after it came', async () => {
    const { claims, close } = await open()
    const one = await claims.claim(retry('k'), 0)
    assert.equal((await claims.claim(retry('k'), 5 * minuteMs - 1)).runId, one.runId)
    assert.equal((await claims.claim(retry('k'), 9 * minuteMs)).runId, one.runId)
    assert.notEqual((await claims.claim(retry('k'), 14 * minuteMs)).runId, one.runId)
    const two = await claims.claim(delivery('k'), 0)
    assert.deepEqual([two.repeated, two.begun], [false, false])
    assert.deepEqual(await claims.claim(delivery('k'), 12 * 60 * minuteMs), { runId: two.runId, repeated: true, begun: false })
    claims.begun(delivery('k'))
    assert.deepEqual(await claims.claim(delivery('k'), 24 * 60 * minuteMs - 1), { runId: two.runId, repeated: true, begun: true })
    assert.equal((await claims.claim(delivery('k'), 24 * 60 * minuteMs)).repeated, false)
    await close()
  })

  test('of 1,000 keys the one that was used longest ago goes first, whatever else is remembered', async () => {
    const { claims, database, close } = await open()
    const first = await claims.claim(retry('first'), 0)
    const second = await claims.claim(retry('second'), 0)
    for (let at = 0; at < 998; at++) await claims.claim(retry(`${at}`), 1)
    for (let at = 0; at < 20; at++) await claims.claim(delivery(`${at}`), 1)
    for (let at = 0; at < 20; at++) assert.equal((await claims.claim(retry('first'), 2)).runId, first.runId)
    assert.equal(count(database, 'retries'), 1_000)
    await claims.claim(retry('one more'), 2)
    assert.equal(count(database, 'retries'), 1_000)
    assert.equal((await claims.claim(retry('first'), 2)).runId, first.runId)
    assert.notEqual((await claims.claim(retry('second'), 2)).runId, second.runId)
    assert.equal(count(database, 'deliveries'), 20)
    await close()
  })

  test('of 100,000 deliveries the oldest goes first', async () => {
    const { claims, database, close } = await open()
    await claims.claim(delivery('first'), 0)
    await claims.claim(delivery('second'), 0)
    await database.write((sql) => void sql("INSERT INTO deliveries (n, key, run_id, used_at) VALUES (100000, 'far', 'x', 0)").run())
    await claims.claim(delivery('last'), 0)
    assert.equal((await claims.claim(delivery('second'), 0)).repeated, true)
    assert.equal((await claims.claim(delivery('first'), 0)).repeated, false)
    await close()
  })

  test('what cannot be kept is refused, and not run', async () => {
    const opened = probe(Store, 'probe-store')
    const it = await boot({ hooks: accounts(senders), more: [use(opened.plugin)] })
    const database = await opened.current.open({ name: 'hooks', migrations })
    database.write = () => Promise.reject(new GatewayError('store_failed', '/home/somebody/hooks.sqlite: the disk is full'))
    const refusal = [503, '5', { ok: false, error: 'the request cannot be kept right now; send it again later' }]
    for (const from of senders)
      for (const path of [from.scheme, `${from.scheme}/wake`]) {
        const { body, headers } = deliveryOf(from, 'evt_1')
        const answer = await it.post(`/hooks/${path}`, body, { ...none, ...headers })
        assert.deepEqual([answer.status, answer.headers.get('retry-after'), answer.json], refusal, path)
      }
    const keyed = await it.post('/hooks/agent', { message: 'm' }, { 'idempotency-key': 'one' })
    assert.deepEqual([keyed.status, keyed.headers.get('retry-after'), keyed.json], refusal)
    assert.deepEqual([it.asked(), it.events.list()], [[], []])
    assert.equal((await it.post('/hooks/agent', { message: 'm' })).status, 200, 'nothing is to be remembered of this one')
    await it.close()
  })
})
