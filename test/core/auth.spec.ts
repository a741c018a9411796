import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createGateway } from 'openclaw'
import { definePlugin, type Principal } from 'openclaw/plugin'
import trustedProxy from '../../plugins/trusted-proxy/index.js'
import { bootFixture, type Fixture, upgradeLines } from '../support/gateway.js'
import { pool, raw, rawRequest } from '../support/raw.js'

const strong = 'kV4hTq9ZsW2mXc7LrB1n'
const ask = ({ url, host }: Pick<Fixture, 'url' | 'host'>, path: string, ...lines: string[]) =>
  rawRequest(url, raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines]))
const bearer = (value: string) => `Authorization: Bearer ${value}`

describe('guessing', () => {
  const guess = (fixture: Fixture, index: number, via: number) => {
    const credential = bearer(`guess-${index}`)
    const { url, host } = fixture
    if (via === 0) return ask(fixture, '/v1/things', credential)
    if (via === 1) return rawRequest(url, raw(upgradeLines('/socket', host, credential)))
    if (via === 2) return ask(fixture, '/koa/one', credential, `Origin: http://${host}`, 'X-Junk: 1')
    return rawRequest(
      url,
      raw(['DELETE /state HTTP/1.1', `Host: ${host}`, credential, 'Content-Type: application/json', 'X-Request-Id: guess-guess']),
    )
  }

  test('T-AUTH-06 ten wrong guesses, over whatever, then 429; the right token passes all the while', async () => {
    const fixture = await bootFixture()
    for (let index = 0; index < 10; index++) assert.equal((await guess(fixture, index, index % 4)).status, 401, `guess ${index + 1}`)
    const statuses = await pool(
      Array.from({ length: 600 }, (_, index) => index + 10),
      20,
      async (index) => {
        const { status, headers, body } = await guess(fixture, index, index % 4)
        const wait = Number(headers['retry-after'])
        assert.ok(wait > 290 && wait <= 300, `Retry-After: ${headers['retry-after']}`)
        assert.match(body, /Too many failed authentication attempts\. Please try again later\..*"rate_limited"/)
        return status
      },
    )
    assert.deepEqual([...new Set(statuses)], [429])
    assert.equal((await ask(fixture, '/things', fixture.credential)).status, 200, 'T-AUTH-08 the owner is not locked out')
    assert.equal((await rawRequest(fixture.url, raw(upgradeLines('/socket', fixture.host, fixture.credential)))).status, 101)
    assert.equal((await ask(fixture, '/things')).status, 401, 'no credential is no guess')
    assert.equal((await guess(fixture, 9_999, 0)).status, 429, 'a right one in between unlocks nobody')
    assert.equal(fixture.gateway.log.filter(({ message }) => message === 'authentication failed').length, 10)
    await fixture.close()
  })

  test('T-AUTH-06 500 guesses at once are no way around it', async () => {
    const fixture = await bootFixture()
    const statuses = await Promise.all(
      Array.from({ length: 500 }, (_, index) => guess(fixture, index, index % 4).then(({ status }) => status)),
    )
    assert.deepEqual(
      [401, 429].map((wanted) => statuses.filter((status) => status === wanted).length),
      [10, 490],
    )
    await fixture.close()
  })

  test('T-AUTH-06 in password mode the right answer sounds like a wrong one while locked', async () => {
    const password = 'a password of some length'
    const fixture = await bootFixture({
      gateway: { port: 0, auth: { mode: 'password', password, rateLimit: { maxAttempts: 3, lockoutMs: 1_000 } } },
    })
    assert.equal((await ask(fixture, '/things', bearer(password))).status, 200)
    for (const wrong of ['a', 'b', 'c']) assert.equal((await ask(fixture, '/things', bearer(wrong))).status, 401)
    const [right, wrong] = [await ask(fixture, '/things', bearer(password)), await ask(fixture, '/things', bearer('d'))]
    assert.deepEqual([right.status, right.body, right.headers['retry-after']], [429, wrong.body, wrong.headers['retry-after']])
    assert.equal((await rawRequest(fixture.url, raw(upgradeLines('/socket', fixture.host, bearer(password))))).status, 429)
    await fixture.gateway.reload({})
    assert.equal((await ask(fixture, '/things', bearer(password))).status, 429, 'a reload unlocks nobody')
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    assert.equal((await ask(fixture, '/things', bearer(password))).status, 200)
    await fixture.close()
  })

  test('T-AUTH-06 a success gives the budget back in password mode', async () => {
    const password = 'a password of some length'
    const fixture = await bootFixture({ gateway: { port: 0, auth: { mode: 'password', password, rateLimit: { maxAttempts: 3 } } } })
    for (let round = 0; round < 4; round++) {
      for (const wrong of ['a', 'b']) assert.equal((await ask(fixture, '/things', bearer(`${wrong}${round}`))).status, 401)
      assert.equal((await ask(fixture, '/things', bearer(password))).status, 200)
    }
    await fixture.close()
  })

  test('T-AUTH-08 a stale client that repeats its credential is counted once, and locks nobody out', async () => {
    const fixture = await bootFixture({ gateway: { port: 0, auth: { mode: 'password', password: strong } } })
    for (let attempt = 0; attempt < 50; attempt++) {
      assert.equal((await ask(fixture, '/things', bearer('an old token'))).status, 401)
      assert.equal((await ask(fixture, '/things')).status, 401)
    }
    assert.equal((await ask(fixture, '/things', bearer(strong))).status, 200)
    const lines = fixture.gateway.log.filter(({ message }) => message === 'authentication failed')
    assert.equal(lines.length, 1)
    assert.equal(lines[0]?.level, 'warn')
    assert.match(String(lines[0]?.fields?.['credential']), /^[0-9a-f]{8}$/)
    assert.deepEqual(Object.keys(lines[0]?.fields ?? {}).sort(), ['address', 'credential', 'requestId', 'route'])
    await fixture.close()
  })
})

describe('credentials and principals', () => {
  /** Vouches for whoever shows the narrow key, by either carrier. */
  const keys = (principal: Principal) =>
    definePlugin({
      api: 1,
      name: 'keys',
      apply: (kernel) =>
        kernel.hooks.authenticate.tap(({ headers }) => {
          const shown = headers['x-api-key'] ?? String(headers['authorization'] ?? '').replace(/^bearer /i, '')
          return shown === 'the-narrow-key' ? principal : undefined
        }),
    })
  let fixture: Fixture
  before(async () => {
    fixture = await bootFixture({ plugins: [keys({ kind: 'key', id: 'narrow', scopes: ['operator.read'] })] })
  })
  after(() => fixture.close())

  test('T-AUTH-09 nothing but a bearer carries the operator’s token', async () => {
    const { token } = fixture.gateway
    const basic = Buffer.from(`user:${token}`).toString('base64')
    const carriers = [
      `X-Api-Key: ${token}`,
      `Api-Key: ${token}`,
      `Cookie: token=${token}`,
      `Authorization: Basic ${basic}`,
      `Authorization: ${token}`,
      `Authorization: Token ${token}`,
      `Authorization: Bearer`,
      `Authorization: Bearer${token}`,
      `X-OpenClaw-Token: ${token}`,
      `Proxy-Authorization: Bearer ${token}`,
    ]
    for (const carrier of carriers) {
      assert.equal((await ask(fixture, '/things', carrier)).status, 401, carrier)
      assert.equal((await rawRequest(fixture.url, raw(upgradeLines('/socket', fixture.host, carrier)))).status, 401, carrier)
    }
    for (const query of [`token=${token}`, `access_token=${token}`, `api_key=${token}`])
      assert.equal((await ask(fixture, `/things?${query}`)).status, 401)
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      assert.equal((await ask(fixture, '/things', `Authorization: ${scheme}  ${token}  `)).status, 200)
  })

  test('T-AUTH-09 each carrier of a narrow key ends in the same principal with the same limits', async () => {
    const missing = '{"error":{"message":"missing scope: operator.admin","type":"forbidden","param":null,"code":"missing_scope"}}'
    for (const carrier of ['X-Api-Key: the-narrow-key', bearer('the-narrow-key')]) {
      const seen = fixture.arrivals.length
      assert.equal((await ask(fixture, '/things', carrier)).status, 200)
      assert.equal((await ask(fixture, '/koa/one', carrier)).status, 200)
      assert.equal((await rawRequest(fixture.url, raw(upgradeLines('/socket', fixture.host, carrier)))).status, 101)
      for (const { principal } of fixture.arrivals.slice(seen))
        assert.deepEqual(principal, { kind: 'key', id: 'narrow', scopes: ['operator.read'] })
      for (const path of ['/admin', '/koa/admin']) {
        const reply = await ask(fixture, path, carrier, 'X-OpenClaw-Scopes: operator.admin', 'X-Scope: *')
        assert.deepEqual([reply.status, reply.body], [403, missing], path)
      }
      assert.equal((await rawRequest(fixture.url, raw(['DELETE /state HTTP/1.1', `Host: ${fixture.host}`, carrier]))).status, 403)
    }
    assert.equal(fixture.changes(), 0)
  })

  test('T-AUTH-05 an authenticator that fails, hangs or answers nonsense admits nobody', async () => {
    const answers: Record<string, () => unknown> = {
      throws: () => {
        throw new Error('no')
      },
      rejects: () => Promise.reject(new Error('no')),
      hangs: () => new Promise(() => undefined),
      'says true': () => true,
      'says yes': () => 'yes',
      'denies in its own words': () => ({ deny: 'not today' }),
      'says nothing': () => undefined,
    }
    for (const [name, answer] of Object.entries(answers)) {
      const plugin = definePlugin({ api: 1, name: 'gate', apply: (kernel) => kernel.hooks.authenticate.tap(answer as never) })
      const own = await bootFixture({ plugins: [plugin], limits: { budgetsMs: { authenticate: 100 } } })
      for (let attempt = 0; attempt < 7; attempt++) {
        const { status, body } = await ask(own, '/things', ...(attempt % 2 ? [bearer('x')] : []))
        assert.ok(status >= 401 && status <= 500, `${name}: ${status} ${body}`)
        assert.equal((await rawRequest(own.url, raw(upgradeLines('/socket', own.host)))).status >= 401, true)
      }
      assert.equal(own.arrivals.length, 0, name)
      assert.equal((await ask(own, '/things', own.credential)).status, 200, `${name}: the operator is not locked out`)
      await own.close()
    }
  })

  test('T-AUTH-05 whoever authorises and fails denies, also when quarantined', async () => {
    const plugin = definePlugin({
      api: 1,
      name: 'guard',
      apply: (kernel) =>
        kernel.hooks.authorize.tap(({ call }) => {
          if (call.path === '/things') throw new Error('no')
          return undefined
        }),
    })
    const own = await bootFixture({ plugins: [plugin] })
    assert.equal((await ask(own, '/state', own.credential)).status, 200)
    for (let attempt = 0; attempt < 6; attempt++) assert.equal((await ask(own, '/things', own.credential)).status, 403)
    assert.ok(own.gateway.inspect().plugins.find(({ name }) => name === 'guard')?.quarantinedUntil)
    assert.equal((await ask(own, '/state', own.credential)).status, 403, 'missing means no')
    assert.equal((await ask(own, '/health')).status, 200)
    await own.close()
  })

  test('T-PROXY-02 an authenticator that could not start vouches for nobody', async () => {
    const own = await bootFixture({
      plugins: [{ plugin: trustedProxy, config: { userHeader: 'x-user' } }],
      gateway: { port: 0, auth: { mode: 'trusted-proxy' }, trustedProxies: ['127.0.0.1'] },
    })
    assert.equal(own.gateway.inspect().plugins.find(({ name }) => name === 'trusted-proxy')?.state, 'failed')
    const reply = await ask(own, '/things', 'X-User: root')
    assert.ok(reply.status === 401 || reply.status === 403, `answered ${reply.status}`)
    assert.equal(own.arrivals.length, 0)
    await own.close()
  })

  test('a gateway without http answers 503, not silence', async () => {
    const gateway = await createGateway({ plugins: [], gateway: { port: 0, auth: { token: strong } } })
    const { status } = await fetch(gateway.url)
    assert.equal(status, 503)
    await gateway.close()
  })
})
