import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { mint } from '../../../plugins/keys/secret.js'
import { connect, createDevice } from '../../support/operator.js'
import { type Booted, bootKeys, errorOf } from './boot.js'

const booted = async (t: { after(undo: () => Promise<void>): void }): Promise<Booted> => {
  const gateway = await bootKeys()
  t.after(() => gateway.close())
  return gateway
}
/** Only the clock stands still: sockets and timers go on. */
const stopClock = (t: { after(undo: () => void): void }, now = Date.now()) => {
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
}

test('a key is a principal of its own, with what it may use', async (t) => {
  const gateway = await booted(t)
  const { key, secret } = await gateway.create({ models: ['openai/*', 'local/small'], agents: ['main'], tools: ['sessions_list'] })
  assert.equal((await gateway.as(secret, '/v1/things')).status, 200)
  const only = { models: ['openai/*', 'local/small'], agents: ['main'], tools: ['sessions_list'] }
  assert.deepEqual(gateway.arrivals.at(-1)?.principal, { kind: 'key', id: key.id, scopes: ['operator.read', 'operator.write'], only })
})

test('T-TOOL-01 a key may call no tool unless it is named, while models and agents are open', async (t) => {
  const gateway = await booted(t)
  const { secret } = await gateway.create()
  await gateway.as(secret, '/v1/things')
  assert.deepEqual(gateway.arrivals.at(-1)?.principal?.only, { tools: [] })
})

test('T-SCOPE-02 each call is checked against the scopes of the key', async (t) => {
  const gateway = await booted(t)
  const reader = await gateway.create({ scopes: ['operator.read'] })
  assert.equal((await gateway.as(reader.secret, '/v1/things')).status, 200)
  const refused = await gateway.as(reader.secret, '/v1/things', { method: 'POST', body: '{}' })
  assert.deepEqual([refused.status, (await errorOf(refused)).code], [403, 'missing_scope'])
  assert.equal(gateway.arrivals.filter(({ route }) => route === 'POST /v1/things').length, 0)
})

test('a key opens the paths of programs, and no others unless it is for an administrator', async (t) => {
  const gateway = await booted(t)
  const { secret } = await gateway.create()
  for (const path of ['/things', '/admin', '/koa/7']) assert.equal((await gateway.as(secret, path)).status, 403, path)
  const admin = await gateway.create({ scopes: ['operator.admin'] })
  for (const path of ['/things', '/admin', '/koa/7', '/v1/things']) assert.equal((await gateway.as(admin.secret, path)).status, 200, path)
})

test('T-AUTH-09 x-api-key carries a key below /v1, with the same limits, and never the operator’s token', async (t) => {
  const gateway = await booted(t)
  const { secret, key } = await gateway.create({ scopes: ['operator.read'], requestsPerMinute: 2 })
  const send = (path: string, headers: Record<string, string>, init: RequestInit = {}) => fetch(gateway.url + path, { ...init, headers })
  assert.equal((await send('/v1/things', { 'x-api-key': secret })).status, 200)
  assert.equal(gateway.arrivals.at(-1)?.principal?.id, key.id)
  assert.equal((await send('/v1/things', { 'x-api-key': secret }, { method: 'POST', body: '{}' })).status, 403)
  assert.equal((await send('/v1/things', { authorization: `Bearer ${secret}` })).status, 429, 'both carriers share one rate')
  assert.equal((await send('/things', { 'x-api-key': secret })).status, 401)
  assert.equal((await send('/v1/things', { 'x-api-key': gateway.gateway.token })).status, 401)
  assert.equal((await send('/v1/things', { 'x-api-key': mint().secret })).status, 401)
})

test('T-AUTH-05 two different credentials are refused, and one sent twice is one', async (t) => {
  const gateway = await booted(t)
  const [one, other] = [await gateway.create(), await gateway.create()]
  const both = (bearer: string, apiKey: string) => gateway.as(bearer, '/v1/things', { headers: { 'x-api-key': apiKey } })
  for (const [bearer, apiKey] of [
    [one.secret, other.secret],
    ['something-else', one.secret],
    [one.secret, 'something-else'],
  ] as const) {
    const refused = await both(bearer, apiKey)
    assert.deepEqual([refused.status, (await errorOf(refused)).code], [400, 'bad_request'])
  }
  assert.equal((await both(one.secret, one.secret)).status, 200)
  assert.equal((await both(gateway.gateway.token, one.secret)).status, 200)
  assert.equal(gateway.arrivals.at(-1)?.principal?.kind, 'operator', 'the bearer is who they are')
})

test('unknown, mistyped and revoked keys are refused with the same words', async (t) => {
  const gateway = await booted(t)
  const { secret, key } = await gateway.create()
  await gateway.admin.call('keys.revoke', { id: key.id })
  const foreign = mint().secret
  const swapped = `oc-${key.id}${foreign.slice(15)}`
  for (const wrong of [secret, foreign, swapped, `${secret.slice(0, -1)}~`]) {
    const refused = await gateway.as(wrong, '/v1/things')
    assert.equal(refused.status, 401)
    assert.deepEqual(await errorOf(refused), { message: 'Unauthorized', type: 'unauthorized', param: null, code: 'invalid_api_key' })
  }
})

test('T-AUTH-08 guesses lock their address, where a valid key still opens', async (t) => {
  const gateway = await booted(t)
  const { secret } = await gateway.create()
  for (let i = 0; i < 10; i++) assert.equal((await gateway.as(mint().secret, '/v1/things')).status, 401)
  const locked = await gateway.as(mint().secret, '/v1/things')
  assert.deepEqual([locked.status, locked.headers.get('x-should-retry')], [429, 'false'])
  assert.equal((await gateway.as(secret, '/v1/things')).status, 200)
})

test('T-SCOPE-06 revocation, narrowing and widening act on the next call', async (t) => {
  const gateway = await booted(t)
  const { secret, key } = await gateway.create()
  const echo = async () => (await gateway.as(secret, '/v1/things', { method: 'POST', body: '{}' })).status
  assert.equal(await echo(), 200)
  await gateway.admin.call('keys.update', { id: key.id, scopes: ['operator.read'], models: ['local/*'] })
  assert.equal(await echo(), 403)
  assert.equal((await gateway.as(secret, '/v1/things')).status, 200)
  assert.deepEqual(gateway.arrivals.at(-1)?.principal?.only, { tools: [], models: ['local/*'] })
  await gateway.admin.call('keys.update', { id: key.id, scopes: ['operator.write'], models: null })
  assert.equal(await echo(), 200)
  assert.deepEqual(gateway.arrivals.at(-1)?.principal?.only, { tools: [] })
  await gateway.admin.call('keys.revoke', { id: key.id })
  assert.equal(await echo(), 401)
})

test('T-AUTH-12 an expired key is none, from the very millisecond', async (t) => {
  const gateway = await booted(t)
  const now = Date.now()
  stopClock(t, now)
  const { secret, key } = await gateway.create({ expiresAtMs: now + 60_000 })
  const status = async () => (await gateway.as(secret, '/v1/things')).status
  mock.timers.setTime(now + 59_999)
  assert.equal(await status(), 200)
  mock.timers.setTime(now + 60_000)
  assert.equal(await status(), 401)
  const { keys } = await gateway.admin.call('keys.list', {})
  assert.equal(keys[0].state, 'expired')
  await gateway.admin.call('keys.update', { id: key.id, expiresAtMs: null })
  assert.equal(await status(), 200)
})

test('a key over its rate is told exactly how long to wait', async (t) => {
  const gateway = await booted(t)
  const now = Date.now()
  stopClock(t, now)
  const { secret } = await gateway.create({ requestsPerMinute: 3 })
  const other = await gateway.create({ requestsPerMinute: 3 })
  const ask = () => gateway.as(secret, '/v1/things')
  for (let i = 0; i < 3; i++) assert.equal((await ask()).status, 200)
  const refused = await ask()
  assert.deepEqual([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')], [429, '20', null])
  const error = await errorOf(refused)
  assert.deepEqual([error.code, error.type], ['rate_limit_exceeded', 'rate_limit_error'])
  assert.equal((await gateway.as(other.secret, '/v1/things')).status, 200, 'each key has a rate of its own')
  mock.timers.setTime(now + 19_999)
  assert.equal((await ask()).headers.get('retry-after'), '1')
  mock.timers.setTime(now + 20_000)
  assert.equal((await ask()).status, 200)
  assert.equal((await ask()).status, 429)
})

test('a reload of the plugin keeps keys, rates and last uses, and refuses nobody', async (t) => {
  const gateway = await booted(t)
  const { secret, key } = await gateway.create({ requestsPerMinute: 40 })
  const statuses: number[] = []
  const asking = (async () => {
    for (let i = 0; i < 40; i++) statuses.push((await gateway.as(secret, '/v1/things')).status)
  })()
  for (let i = 0; i < 3; i++) await gateway.replace()
  await asking
  assert.deepEqual([...new Set(statuses)], [200])
  assert.equal((await gateway.as(secret, '/v1/things')).status, 429)
  const { keys } = await gateway.admin.call('keys.list', {})
  assert.ok(keys.find(({ id }: { id: string }) => id === key.id).lastUsedAtMs > 0)
})

test('T-AUTH-09 a connection by WebSocket does not take a key', async (t) => {
  const gateway = await booted(t)
  const { secret } = await gateway.create({ scopes: ['operator.admin'] })
  const { wire, answer } = await connect(gateway.url, { token: secret, device: createDevice() })
  assert.equal(answer.ok, false)
  assert.equal((await wire.closed).code, 1008)
})
