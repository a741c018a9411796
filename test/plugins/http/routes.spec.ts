import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { Routes } from '../../../plugins/contracts/http.js'
import { type Arrival, bootFixture, bootGateway, type Fixture } from '../../support/gateway.js'
import { pool, raw, rawConnect, rawRequest } from '../../support/raw.js'
import { seeded } from '../../support/random.js'
import { respell } from '../../support/spellings.js'

let fixture: Fixture
before(async () => {
  fixture = await bootFixture({ http: { disabledPaths: ['/v1/responses'] } })
})
after(() => fixture.close())

const request = (method: string, target: string, ...more: string[]) =>
  raw([`${method} ${target} HTTP/1.1`, `Host: ${fixture.host}`, ...more])
const ask = (method: string, target: string, ...more: string[]) =>
  rawRequest(fixture.url, request(method, target, ...more), { head: method === 'HEAD' })
const envelope = (body: string) => JSON.parse(body).error as { message: string; type: string; param: null; code: string }

/** How many spellings to try; a soak sets more. */
const spellings = Number(process.env['OPENCLAW_TEST_SPELLINGS'] ?? 1_500)
const seed = Number(process.env['OPENCLAW_TEST_SEED'] ?? 1)

/** The route that a target must reach, told from its text alone; undefined: none. */
function expected(target: string): string | undefined {
  const path = target.split('?')[0] as string
  if (!/^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})*)+$/.test(path) || /%(?:2e|5c|25|00)/i.test(path)) return undefined
  const segments = path.split('/').slice(1)
  if (segments.some((segment, index) => segment === '.' || segment === '..' || (segment === '' && index < segments.length - 1)))
    return undefined
  if (path.startsWith('/files/')) return 'GET /files/'
  if (/%2f/i.test(path)) return undefined
  if (path.startsWith('/plain/')) return 'GET /plain/'
  if (['/health', '/things', '/v1/things', '/state', '/admin', '/koa/admin'].includes(path)) return `GET ${path}`
  return segments.length === 2 && segments[0] === 'koa' && segments[1] !== '' ? 'GET /koa/:id' : undefined
}

describe('routes', { concurrency: true }, () => {
  test('T-ROUTE-01 a route without a class of access, or with one it may not have, is refused', async () => {
    const handler = () => undefined
    const table: [string, object][] = [
      ['/things', { raw: true }],
      ['/things', { raw: true, auth: 'none' }],
      ['/things', { raw: true, auth: undefined }],
      ['/things', { raw: true, auth: 'gateway' }],
      ['/things', { raw: true, auth: 'gateway', scope: '' }],
      ['/things', { raw: true, auth: 'public' }],
      ['/', { raw: true, auth: 'public' }],
      ['/health/', { raw: true, auth: 'public', match: 'prefix' }],
      ['/things', { raw: true, auth: 'signed' }],
      ['/hooksy', { raw: true, auth: 'signed' }],
      ['/things', { raw: true, auth: 'gateway', scope: 'operator.read', match: 'prefix' }],
      ['/things/', { auth: 'gateway', scope: 'operator.read', match: 'prefix' }],
      ['things', { raw: true, auth: 'gateway', scope: 'operator.read' }],
      ['/thíngs', { raw: true, auth: 'gateway', scope: 'operator.read' }],
      ['/koa/:', { auth: 'gateway', scope: 'operator.read' }],
      ['/koa/(', { auth: 'gateway', scope: 'operator.read' }],
    ]
    for (const [path, options] of table) {
      const bad = definePlugin({
        api: 1,
        name: 'bad',
        apply: (kernel) => kernel.surface(Routes).tap((routes) => routes.get(path, options as never, handler)),
      })
      const gateway = await bootGateway({ plugins: [bad] })
      const state = gateway.inspect().plugins.find(({ name }) => name === 'bad')
      assert.equal(state?.state, 'off', `${path} ${JSON.stringify(options)}`)
      assert.match(state?.reason ?? '', /Route GET /)
      const { status } = await gateway.fetch(path.startsWith('/') ? path : `/${path}`)
      assert.equal(status, 404)
      await assert.rejects(gateway.reload({ plugins: [{ ...bad }] }), /Route GET /)
      await gateway.close()
    }
  })

  test('T-ROUTE-01 a public or signed path opens nothing beside it', async () => {
    const wide = definePlugin({
      api: 1,
      name: 'wide',
      apply: (kernel) =>
        kernel.surface(Routes).tap((routes) => {
          routes.get('/ready', { auth: 'public', raw: true, match: 'prefix' }, (_req, _res, call) => call.replyJson(200, {}))
          routes.get('/webhooks/a', { auth: 'signed', raw: true, match: 'prefix' }, (_req, _res, call) => call.replyJson(200, {}))
        }),
    })
    const gateway = await bootGateway({ plugins: [wide] })
    for (const path of ['/readyx', '/ready/secrets', '/webhooks/ab', '/webhooks/a/b'])
      assert.equal((await gateway.fetch(path)).status, 404, path)
    await gateway.close()
  })

  test('T-ROUTE-01 without a credential only the listed routes answer 2xx', async () => {
    const rows = fixture.gateway.inspect().plugins.flatMap(({ rows: own }) => own)
    const paths = new Set(rows.filter(({ surface }) => surface === 'routes').map(({ key }) => key.split(' ')[1] as string))
    assert.ok(paths.size >= 12)
    const concrete = [...paths]
      .map((path) => path.replace(':id', 'one'))
      .flatMap((path) => (path.endsWith('/') ? [path, `${path}a`] : [path]))
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH']
    const asked = concrete.flatMap((path) => methods.map((method) => ({ method, path })))
    const open = await pool(asked, 8, async ({ method, path }) => ((await ask(method, path)).status < 300 ? `${method} ${path}` : ''))
    assert.deepEqual(open.filter(Boolean).sort(), ['GET /health', 'HEAD /health', 'POST /hooks/sign'])
  })

  test(`T-ROUTE-02 ${spellings} spellings of protected paths`, async () => {
    const random = seeded(seed)
    const own = await bootFixture()
    const real = ['/things', '/v1/things', '/admin', '/state', '/files/a', '/files/a/b', '/plain/a', '/koa/one', '/koa/admin']
    const targets = Array.from({ length: spellings }, () => respell(real[Math.floor(random() * real.length)] as string, random))
    const lines = (target: string, ...more: string[]) => raw([`GET ${target} HTTP/1.1`, `Host: ${own.host}`, 'Connection: close', ...more])
    let served = 0
    for (let start = 0; start < targets.length; start += 250) {
      await pool(targets.slice(start, start + 250), 25, async (target) => {
        const why = `seed ${seed}: ${JSON.stringify(target)}`
        const anonymous = await rawRequest(own.url, lines(target))
        assert.ok(anonymous.status >= 400 || expected(target) === 'GET /health', `${why} answered ${anonymous.status} without a credential`)
        const { status, body } = await rawRequest(own.url, lines(target, own.credential))
        const route = expected(target)
        // Bytes outside ASCII after the `?` are between the parser and the client: refused or not looked at, never another route.
        if (/[^\x21-\x7e]/.test(target)) assert.ok(status === 400 || route !== undefined, `${why}: ${status} ${body}`)
        else assert.equal(status === 200, route !== undefined, `${why}: ${status} ${body}, expected ${route}`)
        if (status === 200) served++
      })
      for (const { route, path, principal } of own.arrivals.splice(0) as Arrival[]) {
        assert.equal(route, expected(path), `seed ${seed}: ${path}`)
        assert.ok(principal || route === 'GET /health')
      }
    }
    await own.close()
    assert.ok(served > spellings / 50, `only ${served} spellings were served: the test proves little`)
  })

  test('T-ROUTE-02 the row that was guarded is the row that runs, whichever pattern was registered first', async () => {
    const koa = (path: string, scope: string) =>
      definePlugin({
        api: 1,
        name: path.includes(':') ? 'pattern' : 'literal',
        apply: (kernel) =>
          kernel.surface(Routes).tap((routes) =>
            routes.get(path, { auth: 'gateway', scope }, (ctx) => {
              ctx.body = { ran: path, guarded: ctx.state['call'].route, params: ctx['params'] }
            }),
          ),
      })
    const pattern = koa('/a/:name', 'operator.read')
    const literal = koa('/a/special', 'operator.admin')
    for (const plugins of [
      [pattern, literal],
      [literal, pattern],
    ]) {
      const gateway = await bootGateway({ plugins })
      const get = async (path: string) => (await gateway.fetch(path)).json()
      assert.deepEqual(await get('/a/special'), { ran: '/a/special', guarded: 'GET /a/special', params: {} })
      assert.deepEqual(await get('/a/other'), { ran: '/a/:name', guarded: 'GET /a/:name', params: { name: 'other' } })
      for (const path of ['/A/special', '/a/special/', '/a/Special/', '/a//special', '/a'])
        assert.equal((await gateway.fetch(path)).status >= 400, true, path)
      await gateway.close()
    }
  })

  test('T-ROUTE-02 an encoded slash is data where a route says so', async () => {
    const reply = await ask('GET', '/files/a%2Fb%2f..', fixture.credential)
    assert.deepEqual([reply.status, JSON.parse(reply.body).rest], [200, 'a%2Fb%2f..'])
    assert.equal((await ask('GET', '/files/a%2F%2e%2e', fixture.credential)).status, 400)
    assert.equal((await ask('GET', '/plain/a%2Fb', fixture.credential)).status, 400)
    assert.equal((await ask('GET', '/koa/a%2Fb', fixture.credential)).status, 400)
    assert.equal((await ask('GET', '/files/a%2Fb')).status, 401)
  })

  test('T-ROUTE-04 unknown methods, overrides, TRACE and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'HEAD']) {
      const reply = await ask(method, '/things', fixture.credential)
      assert.deepEqual(
        [reply.status, reply.headers['allow'], reply.headers['content-type']],
        [405, 'GET', 'text/plain; charset=utf-8'],
        method,
      )
      assert.equal(reply.body, method === 'HEAD' ? '' : 'Method Not Allowed')
    }
    assert.equal((await ask('POST', '/health')).headers['allow'], 'GET, HEAD')
    assert.equal((await ask('POST', '/koa/one', fixture.credential)).headers['allow'], 'GET, HEAD')
    const changes = fixture.changes()
    for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']) {
      const reply = await ask('GET', '/state?_method=DELETE', fixture.credential, `${header}: DELETE`)
      assert.deepEqual([reply.status, JSON.parse(reply.body).route], [200, 'GET /state'], header)
      assert.equal((await ask('POST', '/things', fixture.credential, `${header}: GET`)).status, 405)
    }
    assert.equal(fixture.changes(), changes)
    assert.equal((await ask('HEAD', '/koa/one')).status, 401)
    const head = await ask('HEAD', '/koa/one', fixture.credential)
    assert.deepEqual([head.status, head.body], [200, ''])
    assert.equal((await ask('CONNECT', fixture.host)).status, 400)
  })

  test('T-ROUTE-05 what a stranger sees is always the same', async () => {
    const unauthorized = '{"error":{"message":"Unauthorized","type":"unauthorized","param":null,"code":"invalid_api_key"}}'
    const always = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'permissions-policy', 'referrer-policy']
    const common = [...always, 'x-content-type-options', 'x-request-id']
    const table: [string, string, number, string, string[]][] = [
      ...['/things', '/admin', '/files/a', '/plain/x', '/koa/one', '/koa/admin', '/v1/things', '/v1/stream'].map(
        (path): [string, string, number, string, string[]] => ['GET', path, 401, unauthorized, ['www-authenticate']],
      ),
      ['DELETE', '/state', 401, unauthorized, ['www-authenticate']],
      ['POST', '/things', 405, 'Method Not Allowed', ['allow']],
      ['GET', '/nowhere', 404, 'Not Found', []],
      ['GET', '/health', 200, '{"route":"GET /health","rest":""}', []],
      [
        'GET',
        '/v1/nowhere',
        404,
        '{"error":{"message":"Nothing is served at /v1/nowhere.","type":"invalid_request_error","param":null,"code":"not_found"}}',
        [],
      ],
    ]
    for (const [method, path, status, body, more] of table) {
      const reply = await ask(method, path)
      assert.deepEqual([reply.status, reply.body], [status, body], path)
      assert.deepEqual(Object.keys(reply.headers).sort(), [...common, ...more].sort(), path)
    }
    for (const [bytes, status] of [
      ['GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n', 421],
      ['GARBAGE\r\n\r\n', 400],
      [request('GET', '/%2e%2e/etc/passwd'), 400],
      [request('GET', '/socket', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'), 401],
      [request('GET', '/', 'Connection: Upgrade', 'Upgrade: h2c'), 426],
    ] as const) {
      const reply = await rawRequest(fixture.url, bytes)
      assert.equal(reply.status, status)
      const said = `${reply.body}${Object.entries(reply.headers)}`
      assert.doesNotMatch(said, /fixture|openclaw|koa|node|\d+\.\d+\.\d+|\/work|\/home|at .*:\d+/i)
    }
  })

  test('T-ROUTE-06 nobody serves a page below the paths of programs', async () => {
    const page = definePlugin({
      api: 1,
      name: 'page',
      apply: (kernel) =>
        kernel.surface(Routes).tap((routes) => {
          routes.get('/', { auth: 'gateway', scope: 'ui', raw: true, match: 'prefix' }, (_req, res) => void res.end('<html>'))
          routes.post('/{*any}', { auth: 'gateway', scope: 'ui' }, (ctx) => (ctx.body = '<html>'))
        }),
    })
    const own = await bootFixture({ plugins: [page], http: { disabledPaths: ['/v1/responses', '/hooks/agent'] } })
    const get = async (path: string, method = 'GET') => {
      const response = await own.gateway.fetch(path, { method })
      return [response.status, (await response.text()).slice(0, 6), response.headers.get('content-type')?.split(';')[0]]
    }
    for (const method of ['GET', 'POST'])
      for (const path of [
        '/v1/nowhere',
        '/v1',
        '/v1/',
        '/v1/things/',
        '/hooks',
        '/hooks/x',
        '/tools/x',
        '/webhooks/x',
        '/v1/responses',
        '/hooks/agent',
      ])
        assert.deepEqual(await get(path, method), [404, '{"erro', 'application/json'], `${method} ${path}`)
    for (const path of ['/', '/chat', '/v1x', '/health/x']) assert.equal((await get(path))[1], '<html>', path)
    assert.equal((await get('/chat', 'POST'))[1], '<html>')
    await own.close()
  })

  test('unknown and disabled API paths are JSON 404s of their own code', async () => {
    for (const method of ['GET', 'POST']) {
      const unknown = await ask(method, '/v1/unknown')
      assert.deepEqual([unknown.status, envelope(unknown.body).code, envelope(unknown.body).param], [404, 'not_found', null])
      const off = await ask(method, '/v1/responses')
      assert.deepEqual([off.status, envelope(off.body).code], [404, 'endpoint_disabled'])
    }
  })

  test('405 comes before 401, and 401 before 413', async () => {
    const huge = 'Content-Length: 1073741824'
    assert.equal((await ask('PUT', '/v1/echo', huge)).status, 405)
    assert.equal((await ask('POST', '/v1/echo', huge)).status, 401)
    assert.equal((await ask('POST', '/v1/echo', fixture.credential, huge)).status, 413)
  })

  test('requests on one connection are answered in order', async () => {
    const connection = await rawConnect(fixture.url)
    await connection.send(request('GET', '/koa/one', fixture.credential) + request('GET', '/things') + request('GET', '/nowhere'))
    assert.deepEqual(
      (await connection.until(3)).map(({ status }) => status),
      [200, 401, 404],
    )
    connection.destroy()
  })
})
