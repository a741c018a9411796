import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Middleware, Routes } from '../../../plugins/contracts/http.js'
import { bootFixture, type Fixture, upgradeLines } from '../../support/gateway.js'
import { open, scope, trouble, canary } from '../../support/trouble.js'
import { raw, rawConnect, rawExchange, rawRequest } from '../../support/raw.js'

/** Work that goes on until the client leaves, and then fails in its own words. */
let upset = 0
const patient = definePlugin({
  api: 1,
  name: 'patient',
  apply: (kernel) =>
    kernel.surface(Routes).tap((routes) => {
      routes.get('/v1/patient/upset', open, async (_req, _res, call) => {
        await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()))
        upset++
        throw new Error('The upstream request was aborted.')
      })
      routes.get('/v1/patient/koa', { auth: 'gateway', scope }, (ctx) => {
        ctx.body = new Readable({ read: () => undefined })
        ctx.body.push('some')
      })
    }),
})

const common = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}
const internal = { error: { message: 'internal error', type: 'api_error', param: null, code: 'internal_error' } }

const names = ['first', 'second', 'third', 'fourth']
let fixture: Fixture
before(async () => {
  const middleware = definePlugin({
    api: 1,
    name: 'middle',
    apply: (kernel) =>
      kernel.surface(Middleware).tap((table) =>
        table.add('breaks', (ctx, next) => {
          if (ctx.query['middle'] === 'before') throw new Error('middle broke')
          return next()
        }),
      ),
  })
  fixture = await bootFixture({ plugins: [middleware, patient, ...names.map((name) => trouble(name))], body: { maxBytes: 1_000 } })
})
after(() => fixture.close())

const ask = (path: string, ...more: string[]) =>
  rawRequest(fixture.url, raw([`GET ${path} HTTP/1.1`, `Host: ${fixture.host}`, fixture.credential, ...more]))
const faults = (name: string) => fixture.gateway.inspect().plugins.find((plugin) => plugin.name === name)?.faults

describe('answers that are errors', () => {
  test('every answer has the same safety headers and a request id', async () => {
    const { url, host, credential } = fixture
    const own = await bootFixture({
      http: { securityHeaders: { strictTransportSecurity: ' max-age=31536000 ' } },
      gateway: { port: 0, auth: { mode: 'token', token: 'x'.repeat(32), rateLimit: { maxAttempts: 1 } } },
    })
    const line = (method: string, path: string, ...more: string[]) =>
      raw([`${method} ${path} HTTP/1.1`, `Host: ${host}`, credential, 'X-Request-Id: given-request-id', ...more])
    const table: [number, string][] = [
      [200, line('GET', '/things')],
      [200, line('GET', '/v1/stream')],
      [200, line('GET', '/koa/one')],
      [401, line('GET', '/things').replace(credential, 'X-Nothing: x')],
      [404, line('GET', '/nowhere')],
      [404, line('GET', '/v1/nowhere')],
      [405, line('PUT', '/things')],
      [413, line('POST', '/v1/echo', 'Content-Length: 1001')],
      [417, line('GET', '/things', 'Expect: x')],
      [421, line('GET', '/things').replace(`Host: ${host}`, 'Host: evil.test')],
      [500, line('GET', '/v1/fourth/throw')],
      [400, line('GET', '/%00')],
      [431, line('GET', `/${'a'.repeat(9_000)}`)],
      [426, raw([...upgradeLines('/', host), 'X-Request-Id: given-request-id']).replace('Version: 13', 'Version: 12')],
      [403, raw(upgradeLines('/', host, 'Origin: http://evil.test', 'X-Request-Id: given-request-id'))],
    ]
    for (const [status, bytes] of table) {
      const { status: got, headers } = await rawRequest(url, bytes)
      assert.equal(got, status, bytes)
      for (const [name, value] of Object.entries(common)) assert.equal(headers[name], value, `${name} on ${status}`)
      assert.equal(headers['x-request-id'], 'given-request-id', `on ${status}`)
      assert.equal(headers['strict-transport-security'], undefined)
      for (const name of ['server', 'x-powered-by']) assert.equal(headers[name], undefined)
    }
    const malformed = await rawRequest(url, 'nonsense\r\n\r\n')
    for (const [name, value] of Object.entries(common)) assert.equal(malformed.headers[name], value)
    assert.match(malformed.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/)
    const locked = () => rawRequest(own.url, raw(['GET /things HTTP/1.1', `Host: ${own.host}`, `Authorization: Bearer ${Math.random()}`]))
    await locked()
    const reply = await locked()
    assert.deepEqual([reply.status, reply.headers['strict-transport-security']], [429, 'max-age=31536000'])
    for (const [name, value] of Object.entries(common)) assert.equal(reply.headers[name], value)
    assert.equal(reply.headers['x-should-retry'], 'false', 'a client library must not sleep through a lock')
    await own.close()
  })

  test('a request id is taken over only if it is well formed', async () => {
    for (const id of ['abcdefgh', 'a.b_c:d-1', 'x'.repeat(128)])
      assert.equal((await ask('/things', `X-Request-Id: ${id}`)).headers['x-request-id'], id)
    for (const id of ['short', 'x'.repeat(129), 'with space 1', '<script>alert(1)', '', 'a"b\'c`d{e}'])
      assert.match((await ask('/things', `X-Request-Id: ${id}`)).headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, id)
  })

  test('T-DOS-14 a handler that fails is a 500, a fault of its plugin, and nothing else', async () => {
    for (const path of ['throw', 'reject', 'koa']) {
      const reply = await ask(`/v1/first/${path}`)
      assert.deepEqual([reply.status, JSON.parse(reply.body)], [500, internal], path)
    }
    assert.equal(faults('first')?.total, 3)
    const line = fixture.gateway.log.find(({ message }) => message.includes('Plugin "first" failed in route GET /v1/first/throw'))
    assert.equal(line?.level, 'error')
    assert.equal((await ask('/things')).status, 200)
  })

  test('T-DOS-14 what fails after the answer is still a fault, and does not spoil the answer', async () => {
    for (const path of ['late', 'at-once']) {
      const reply = await ask(`/v1/second/${path}`)
      assert.deepEqual([reply.status, reply.body], [200, '{"ok":true}'], path)
    }
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal(faults('second')?.total, 2)
  })

  test('T-DOS-14 a stream that fails is cut, never ended as if it were complete', async () => {
    for (const path of ['stream', 'koa-stream']) {
      const { replies, rest, closed } = await rawExchange(
        fixture.url,
        raw([`GET /v1/third/${path} HTTP/1.1`, `Host: ${fixture.host}`, fixture.credential]),
      )
      assert.deepEqual([replies.length, closed], [0, true], path)
      assert.match(rest, /^HTTP\/1\.1 200 OK/)
      assert.equal(rest.endsWith('0\r\n\r\n'), false, path)
    }
    assert.equal(faults('third')?.total, 2)
  })

  test('T-DOS-14 the middleware that breaks is blamed, not the route behind it', async () => {
    assert.equal((await ask('/koa/one?middle=before')).status, 500)
    assert.deepEqual([faults('middle')?.total, faults('fixture')?.total], [1, 0])
    assert.equal((await ask('/koa/one')).status, 200)
  })

  test('T-DOS-14 a client that hangs up is nobody’s fault', async () => {
    const before = faults('fixture')?.total
    const paths = ['/v1/stream', '/v1/slow-stream', '/koa/one', '/v1/echo', '/things', '/v1/patient/upset', '/v1/patient/koa']
    for (let round = 0; round < 10; round++)
      for (const path of paths) {
        const method = path === '/v1/echo' ? 'POST' : 'GET'
        const connection = await rawConnect(fixture.url)
        await connection.send(
          raw([
            `${method} ${path} HTTP/1.1`,
            `Host: ${fixture.host}`,
            fixture.credential,
            ...(method === 'POST' ? ['Content-Length: 100'] : []),
          ]),
        )
        if (round % 2) await new Promise((resolve) => setTimeout(resolve, 5))
        connection.socket.resetAndDestroy()
      }
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(upset > 5, 'handlers were told')
    assert.deepEqual([faults('fixture')?.total, faults('patient')?.total], [before, 0])
    assert.equal((await ask('/things')).status, 200)
  })

  test('Koa’s own way to answer with an error is an answer', async () => {
    const before = faults('third')?.total
    for (let count = 0; count < 6; count++) {
      const reply = await ask('/v1/third/koa-answer')
      assert.deepEqual([reply.status, JSON.parse(reply.body).error.message], [409, 'Somebody else has it.'])
    }
    assert.equal(faults('third')?.total, before)
  })

  test('T-DOS-14 anything can be thrown', async () => {
    const thrown = [
      undefined,
      null,
      'text',
      42,
      {},
      new GatewayError('own_code', canary),
      new GatewayError('upstream_error', 'x', { plugin: 'other' }),
    ]
    for (const [index, value] of thrown.entries()) {
      const own = await bootFixture({ plugins: [trouble('odd', () => value)] })
      for (const path of ['throw', 'reject', 'koa']) {
        const response = await own.gateway.fetch(`/v1/odd/${path}`)
        const body = await response.json()
        if (index < 6) assert.deepEqual([response.status, body], [500, internal], `${String(value)} ${path}`)
      }
      assert.equal((await own.gateway.fetch('/things')).status, 200)
      await own.close()
    }
  })
})
