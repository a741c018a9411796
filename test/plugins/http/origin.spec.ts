import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { upgradeLines } from '../../support/gateway.js'
import { bootMode, type Mode, modes } from '../../support/modes.js'
import { pool, raw, rawRequest } from '../../support/raw.js'

type Booted = Awaited<ReturnType<typeof bootMode>>
const booted = new Map<Mode, Booted>()
const listed = 'https://ui.example'

before(async () => {
  const config = { allowedHosts: ['Gateway.Example'], cors: { allowedOrigins: [listed] } }
  for (const mode of modes) booted.set(mode, await bootMode(mode, { http: config }))
})
after(async () => {
  for (const fixture of booted.values()) await fixture.close()
})

const each = async (job: (fixture: Booted) => Promise<void>) => void (await Promise.all([...booted.values()].map(job)))
const code = (body: string) => JSON.parse(body).error?.code as string

describe('host and origin', () => {
  test('T-ORG-01 a Host that is not ours is 421 before any handler, in every mode, for requests and upgrades', async () => {
    const foreign = [
      'evil.test',
      'evil.test:18789',
      'a@b',
      'a, b',
      '',
      'localhost.evil.test',
      'localhost.',
      '127.0.0.1.evil.test',
      '127.0.0.1.',
      '[::1',
      '::1',
      '[]',
      '[evil.test]',
      'localhost:80:80',
      'localhost:port',
      'local host',
      'localhost/x',
      '%6cocalhost',
      'LOCALHOST.EVIL.TEST',
      '.localhost',
      'evil.local.test',
      'xn--lcalhost-r1a.test',
      'locálhost',
      'evil-ts.net',
      'internal.evil.test',
    ] // prettier-ignore
    await each(async ({ url, identity, arrivals }) => {
      const before = arrivals.length
      for (const host of foreign) {
        const get = await rawRequest(url, raw(['GET /things HTTP/1.1', `Host: ${host}`, ...identity]))
        const open = await rawRequest(url, raw(['GET /health HTTP/1.1', `Host: ${host}`]))
        const upgrade = await rawRequest(url, raw(upgradeLines('/', host, ...identity)))
        for (const reply of [get, open, upgrade]) assert.deepEqual([reply.status, code(reply.body)], [421, 'misdirected_request'], host)
      }
      for (const version of ['1.0', '1.1'])
        assert.equal((await rawRequest(url, raw([`GET /things HTTP/${version}`, ...identity]))).status, 421, `no Host in ${version}`)
      assert.equal((await rawRequest(url, raw(upgradeLines('/', 'x').filter((line) => !line.startsWith('Host'))))).status, 421)
      assert.equal(arrivals.length, before)
    })
  })

  test('T-ORG-01 addresses, local names and configured names are served', async () => {
    const { url, identity } = booted.get('token') as Booted
    const ours = [
      '127.0.0.1',
      '10.1.2.3:999',
      '[::1]',
      '[2001:db8::1]:1',
      'localhost',
      'LocalHost:5',
      'nas',
      'nas.local',
      'a.b.internal',
      'box.tail.ts.net',
    ]
    for (const host of [...ours, 'ui.localhost', 'gateway.example', 'GATEWAY.example:443', hostname()])
      assert.equal((await rawRequest(url, raw(['GET /things HTTP/1.1', `Host: ${host}`, ...identity]))).status, 200, host)
  })

  test('T-ORG-02 no 101 for a page of another origin, whatever the mode, the bind and the proxy', async () => {
    const foreign = [
      'http://evil.test',
      'https://evil.test',
      'null',
      '',
      'garbage',
      'http://',
      'http://localhost.evil.test',
      'http://127.0.0.1.evil.test',
      'http://evil.test#localhost',
      'http://user@localhost',
      'http://evil.test, http://localhost',
      'file://',
      'chrome-extension://abcdef',
      'ws://localhost',
      '//localhost',
      'http://10.0.0.9:18789',
      'https://ui.example.evil.test',
      'https://UI.example:444',
    ] // prettier-ignore
    const wide = await bootMode('token', { gateway: { bind: 'lan' }, http: { cors: { allowedOrigins: [listed] } } })
    for (const fixture of [...booted.values(), wide]) {
      const { url, mode, identity, arrivals, host, gateway } = fixture
      const before = arrivals.length
      const direct =
        mode === 'none' ? [[]] : [[], ['X-Forwarded-For: 203.0.113.5'], ['X-Forwarded-Host: ui.example', 'X-Forwarded-For: 203.0.113.5']]
      const cases = foreign.flatMap((origin) => direct.map((forwarded) => ({ origin, forwarded })))
      await pool(cases, 8, async ({ origin, forwarded }) => {
        for (const path of ['/', '/socket', '/nowhere']) {
          const lines = [
            ...identity.filter((line) => !forwarded.length || !line.startsWith('X-Forwarded')),
            ...forwarded,
            `Origin: ${origin}`,
          ]
          const reply = await rawRequest(url, raw(upgradeLines(path, host, ...lines)))
          assert.deepEqual([reply.status, code(reply.body)], [403, 'origin_not_allowed'], `${mode} ${path} ${origin} ${forwarded}`)
        }
      })
      assert.equal(arrivals.length, before)
      const line = gateway.log.find(({ fields }) => fields?.['origin'] === 'http://evil.test')
      assert.match(String(line?.fields?.['reason']), /Origin is not allowed.*allowedOrigins/)
      // A loopback page is no friend of a gateway that was asked for by another name.
      const named = await rawRequest(url, raw(upgradeLines('/', '192.168.1.5', 'Origin: http://localhost:3000')))
      assert.equal(named.status, 403)
    }
    await wide.close()
  })

  test('T-ORG-02 same, listed and loopback-to-loopback origins, and no Origin, are let through', async () => {
    await each(async ({ url, host, identity, mode }) => {
      for (const origin of [
        `http://${host}`,
        `https://${host}`,
        listed,
        'HTTPS://UI.example',
        'http://localhost:3000',
        'http://127.0.0.9',
        'http://[::1]:1',
      ])
        assert.equal(
          (await rawRequest(url, raw(upgradeLines('/', host, ...identity, `Origin: ${origin}`)))).status,
          101,
          `${mode} ${origin}`,
        )
      assert.equal((await rawRequest(url, raw(upgradeLines('/socket', host, ...identity)))).status, 101)
    })
    const { url, identity } = booted.get('trusted-proxy') as Booted
    const behind = (...more: string[]) =>
      rawRequest(url, raw(upgradeLines('/socket', 'gateway.internal', ...identity, 'Origin: https://app.test', ...more)))
    assert.equal((await behind('X-Forwarded-Host: app.test')).status, 101, 'the authority that the proxy was asked for')
    assert.equal((await behind()).status, 403)
  })

  test('T-ORG-03 what a page of another origin can send changes nothing', async () => {
    const evil = 'Origin: http://evil.test'
    const shapes: Record<string, string[]> = {
      form: ['Content-Type: application/x-www-form-urlencoded', evil, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate'],
      'multipart form': ['Content-Type: multipart/form-data; boundary=x', evil, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate'],
      'no-cors fetch': ['Content-Type: text/plain', evil, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'],
      beacon: ['Content-Type: text/plain;charset=UTF-8', evil, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Dest: empty'],
      'another port': ['Content-Type: text/plain', 'Origin: http://localhost:1', 'Sec-Fetch-Site: same-site'],
      'JSON fetch': ['Content-Type: application/json', evil, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors'],
      'opaque origin': ['Content-Type: application/json', 'Origin: null', 'Sec-Fetch-Site: cross-site'],
    }
    // Browsers without fetch metadata. Where a bearer is asked for, they could not have sent one.
    const old: Record<string, string[]> = {
      'old form': ['Content-Type: application/x-www-form-urlencoded', evil],
      'old form without Origin': ['Content-Type: application/x-www-form-urlencoded', 'Referer: http://evil.test/'],
      'old text form': ['Content-Type: text/plain', 'Referer: http://evil.test/'],
      'no type': [],
      'look-alike type': ['Content-Type: application/jsonp'],
      'old JSON': ['Content-Type: application/json', evil],
    }
    await each(async ({ url, host, identity, mode, changes, arrivals }) => {
      const before = arrivals.length
      const carried = mode === 'none' || mode === 'trusted-proxy'
      const send = (method: string, lines: string[]) =>
        rawRequest(url, raw([`${method} /state HTTP/1.1`, `Host: ${host}`, ...identity, ...lines, 'Content-Length: 2'], '{}'))
      for (const [name, lines] of Object.entries({ ...shapes, ...(carried && old) })) {
        const reply = await send('POST', lines)
        assert.equal(reply.status, 403, `${mode}: ${name} answered ${reply.status}`)
        assert.equal(reply.headers['access-control-allow-origin'], undefined)
      }
      for (const method of ['PUT', 'DELETE']) assert.equal((await send(method, shapes['JSON fetch'] as string[])).status, 403, method)
      if (carried) assert.equal((await send('PUT', [evil])).status, 403)
      assert.deepEqual([changes(), arrivals.length], [0, before], mode)
      const cookie = ['Cookie: token=correct horse battery staple; Authorization=Bearer correct', 'Content-Type: application/json']
      if (!carried) assert.equal((await rawRequest(url, raw(['DELETE /state HTTP/1.1', `Host: ${host}`, ...cookie]))).status, 401)
      const picture = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']
      const image = await rawRequest(
        url,
        raw(['GET /state HTTP/1.1', `Host: ${host}`, ...(mode === 'token' || mode === 'password' ? [] : identity), ...picture]),
      )
      if (mode !== 'trusted-proxy') assert.equal(image.status >= 400, true, mode)
      assert.equal(image.headers['access-control-allow-origin'], undefined)
      assert.equal(changes(), 0)
    })
  })

  test('T-ORG-03 programs, our own pages and listed ones may change state', async () => {
    await each(async ({ url, host, identity, mode }) => {
      const json = 'Content-Type: application/json'
      const send = async (...lines: string[]) =>
        (await rawRequest(url, raw(['POST /v1/echo HTTP/1.1', `Host: ${host}`, ...identity, ...lines, 'Content-Length: 2'], '{}'))).status
      assert.equal(await send(json), 200, mode)
      assert.equal(await send(json, `Origin: http://${host}`, 'Sec-Fetch-Site: same-origin'), 200, mode)
      assert.equal(await send(json, 'Sec-Fetch-Site: none'), 200, mode)
      assert.equal(await send(json, `Origin: ${listed}`, 'Sec-Fetch-Site: cross-site'), 200, mode)
      if (mode === 'token') assert.equal(await send(), 200, 'a bearer needs no content type')
    })
  })

  test('T-ORG-04 CORS headers only for listed origins, never a star, never credentials; preflights carry no data', async () => {
    const { url, host, identity } = booted.get('token') as Booted
    const cors = (headers: Readonly<Record<string, string>>) => Object.keys(headers).filter((name) => name.startsWith('access-control'))
    const ask = (method: string, path: string, ...lines: string[]) =>
      rawRequest(url, raw([`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines]))
    const preflight = (path: string, origin: string) =>
      ask(
        'OPTIONS',
        path,
        `Origin: ${origin}`,
        'Access-Control-Request-Method: POST',
        'Access-Control-Request-Headers: Authorization, Content-Type, X-OpenClaw-Model, x-stainless-os, cookie, x-evil',
      )
    for (const origin of [
      'http://evil.test',
      'null',
      'https://ui.example.evil.test',
      `http://${host}`,
      'http://localhost:3000',
      'https://ui.example:444',
    ]) {
      const asked = await preflight('/v1/echo', origin)
      assert.deepEqual([asked.status, cors(asked.headers)], [405, []], origin)
      for (const path of ['/things', '/v1/things', '/nowhere', '/v1/nowhere', '/health'])
        for (const lines of [identity, []])
          assert.deepEqual(cors((await ask('GET', path, `Origin: ${origin}`, ...lines)).headers), [], `${path} ${origin}`)
    }
    const asked = await preflight('/v1/echo', listed)
    assert.deepEqual([asked.status, asked.body, asked.headers['content-length']], [204, '', undefined])
    assert.deepEqual(cors(asked.headers).sort(), [
      'access-control-allow-headers',
      'access-control-allow-methods',
      'access-control-allow-origin',
      'access-control-max-age',
    ])
    assert.equal(asked.headers['access-control-allow-origin'], listed)
    assert.equal(asked.headers['access-control-allow-headers'], 'authorization, content-type, x-openclaw-model, x-stainless-os')
    assert.deepEqual([asked.headers['access-control-max-age'], asked.headers['vary']], ['600', 'Origin'])
    assert.equal((await preflight('/things', listed)).status, 405, 'only the API can be called from other origins')
    assert.equal((await preflight('/v1/nowhere', listed)).status, 404)
    for (const [lines, status] of [
      [identity, 200],
      [[], 401],
    ] as const) {
      const real = await ask('GET', '/v1/things', `Origin: ${listed}`, ...lines)
      assert.deepEqual([real.status, real.headers['access-control-allow-origin'], real.headers['vary']], [status, listed, 'Origin'])
      assert.deepEqual(cors(real.headers), ['access-control-allow-origin'])
    }
  })

  test('T-ORG-04 a wildcard is no origin', async () => {
    for (const origin of ['*', 'https://*.example', 'ui.example', 'https://ui.example/path'])
      await assert.rejects(
        async () => {
          const own = await bootMode('token', { http: { cors: { allowedOrigins: [origin] } } })
          const front = own.gateway.inspect().plugins.find(({ name }) => name === 'http')
          await own.close()
          if (front?.state === 'off') throw new Error(front.reason)
        },
        /allowedOrigins/,
        origin,
      )
  })
})
