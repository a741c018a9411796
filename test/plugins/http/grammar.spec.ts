import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootFixture, type Fixture, upgradeLines } from '../../support/gateway.js'
import { malformed } from '../../support/malformed.js'
import { pool, raw, rawConnect, rawExchange, rawRequest } from '../../support/raw.js'

let fixture: Fixture
before(async () => {
  fixture = await bootFixture()
})
after(() => fixture.close())

const host = () => `Host: ${fixture.host}`
/** Lines of a request that would succeed. */
const good = (...more: string[]) => ['GET /things HTTP/1.1', host(), fixture.credential, ...more]
let hidden = 0
/** A request that must never be served, behind one that ends its connection. */
function smuggle() {
  const path = `/plain/hidden-${++hidden}`
  return { path, bytes: raw([`GET ${path} HTTP/1.1`, host(), fixture.credential]) }
}
const wasServed = (path: string) => fixture.arrivals.some((arrival) => arrival.path === path)

/** Sends one bad request with a good one hidden behind it: one answer, the end, and the second never arrived. */
async function assertRefused(name: string, bytes: string, status: number) {
  const second = smuggle()
  const { replies, rest, closed } = await rawExchange(fixture.url, bytes + second.bytes)
  assert.deepEqual([replies.map((reply) => reply.status), rest, closed], [[status], '', true], name)
  assert.equal(JSON.parse(replies[0]?.body ?? '{}').error?.message.length > 0, true, name)
  assert.equal(replies[0]?.headers['connection'], 'close', name)
  assert.equal(replies[0]?.headers['x-content-type-options'], 'nosniff', name)
  assert.equal(wasServed(second.path), false, `${name}: the hidden request was served`)
}

describe('request grammar', { concurrency: true }, () => {
  test('T-HTTP-01 what the parser refuses gets one 400, then the end; later bytes are never a request', async () => {
    await pool(malformed({ host: fixture.host, credential: fixture.credential }), 16, ({ name, bytes }) => assertRefused(name, bytes, 400))
  })

  test('T-HTTP-01 the same in two packets', async () => {
    await pool(malformed({ host: fixture.host, credential: fixture.credential }), 16, async ({ name, bytes }) => {
      const connection = await rawConnect(fixture.url)
      await connection.send(bytes.slice(0, bytes.length / 2))
      await connection.send(bytes.slice(bytes.length / 2))
      const second = smuggle()
      await connection.send(second.bytes)
      assert.equal(await connection.closes(), true, name)
      assert.deepEqual([connection.replies().map(({ status }) => status), connection.rest()], [[400], ''], name)
      assert.equal(wasServed(second.path), false, name)
      connection.destroy()
    })
  })

  test('T-HTTP-01 a body that breaks after its request was refused adds no second answer', async () => {
    for (const body of ['ZZ\r\n', '2\r\n{}\r\nZZ\r\n']) {
      await assertRefused('no credential', raw(['POST /v1/echo HTTP/1.1', host(), 'Transfer-Encoding: chunked'], body), 401)
    }
  })

  test('T-HTTP-01 garbage behind a good request: the good one is answered first, the garbage is refused', async () => {
    const { replies, closed } = await rawExchange(fixture.url, `${raw(good())}\x16\x03\x01${smuggle().bytes}`)
    assert.equal(closed, true)
    assert.ok(replies.length <= 2 && replies.every(({ status }) => status === 200 || status === 400), JSON.stringify(replies))
  })

  test('T-HTTP-01 garbage during a stream never writes into it', async () => {
    const connection = await rawConnect(fixture.url)
    await connection.send(raw(['GET /v1/slow-stream HTTP/1.1', host(), fixture.credential]))
    while (!connection.received().includes('data: 1')) await new Promise((resolve) => connection.socket.once('data', resolve))
    await connection.send('\x00garbage\r\n\r\n')
    assert.equal(await connection.closes(), true)
    assert.equal(connection.received().match(/HTTP\/1\.1/g)?.length, 1)
    connection.destroy()
  })

  test('T-HTTP-02 a repeated header is refused, equal or not', async () => {
    const once: [string, string, string][] = [
      ['Host', fixture.host, 'localhost'],
      ['Authorization', fixture.credential.slice(15), 'Bearer other'],
      ['Origin', `http://${fixture.host}`, 'http://evil.test'],
      ['Content-Type', 'application/json', 'text/plain'],
      ['Idempotency-Key', 'one', 'two'],
      ['X-Request-Id', 'request-one', 'request-two'],
      ['X-Api-Key', 'one', 'two'],
      ['X-OpenClaw-Session-Key', 'one', 'two'],
      ['X-Hub-Signature-256', 'one', 'two'],
      ['X-Slack-Request-Timestamp', '1', '2'],
      ['X-Forwarded-User', 'alice', 'root'],
      ['Remote-User', 'alice', 'root'],
    ]
    const cases = once.flatMap(([name, one, two]) => [
      [name, one, one],
      [name.toUpperCase(), one, two],
    ])
    await pool(cases, 8, async ([name = '', one = '', two = '']) => {
      const lines = good().filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      await assertRefused(`${name} twice`, raw([...lines, `${name}: ${one}`, `${name.toLowerCase()}: ${two}`]), 400)
    })
    const lists = [
      'Accept: text/html',
      'Accept: */*',
      'Cookie: a=1',
      'Cookie: b=2',
      'X-Forwarded-For: 10.0.0.1',
      'X-Forwarded-For: 10.0.0.2',
    ]
    assert.equal((await rawRequest(fixture.url, raw(good(...lists)))).status, 200, 'lists may be split over lines')
  })

  test('T-HTTP-03 only origin-form, and absolute-form of the same authority', async () => {
    const table: [string, string, number][] = [
      ['GET', '/things', 200],
      ['GET', `http://${fixture.host}/things`, 200],
      ['GET', `HTTP://${fixture.host}/things?x=1`, 200],
      ['GET', `http://${fixture.host}`, 404],
      ['GET', 'http://other.test/things', 400],
      ['GET', `http://user@${fixture.host}/things`, 400],
      ['GET', `http://${fixture.host}@evil.test/things`, 400],
      ['GET', `http://${fixture.host}.evil.test/things`, 400],
      ['GET', `ftp://${fixture.host}/things`, 400],
      ['GET', `//${fixture.host}/things`, 400],
      ['GET', '//other.test/things', 400],
      ['GET', 'http:///things', 400],
      ['GET', 'http:/things', 400],
      ['OPTIONS', '*', 400],
      ['GET', '*', 400],
      ['CONNECT', `${fixture.host}`, 400],
      ['CONNECT', 'other.test:443', 400],
    ]
    for (const [method, target, status] of table) {
      const bytes = raw([`${method} ${target} HTTP/1.1`, host(), fixture.credential])
      if (status === 400) await assertRefused(`${method} ${target}`, bytes, 400)
      else assert.equal((await rawRequest(fixture.url, bytes)).status, status, target)
    }
  })

  test('T-HTTP-03 only HTTP/1.0 and HTTP/1.1', async () => {
    for (const version of ['0.9', '2.0'])
      await assertRefused(version, raw([`GET /things HTTP/${version}`, host(), fixture.credential]), 400)
    assert.equal((await rawRequest(fixture.url, raw(['GET /things HTTP/1.0', host(), fixture.credential]))).status, 200)
  })

  test('T-HTTP-04 too many or too large headers are refused, never dropped', async () => {
    const filler = (count: number) => Array.from({ length: count }, (_, index) => `x-${index}: y`)
    assert.equal((await rawRequest(fixture.url, raw(good(...filler(98))))).status, 200, '100 lines')
    await assertRefused('101 lines', raw(good(...filler(99))), 431)
    const short = Array.from({ length: 2_500 }, () => 'a:b')
    await assertRefused('2,500 lines, the credential last', raw(['GET /things HTTP/1.1', host(), ...short, fixture.credential]), 431)
    await assertRefused('17 KiB in one', raw(good(`x-long: ${'a'.repeat(17 * 1024)}`)), 431)
    await assertRefused('17 KiB in many', raw(good(...Array.from({ length: 90 }, (_, i) => `x-${i}: ${'a'.repeat(190)}`))), 431)
    await assertRefused('a target of 8 KiB', raw([`GET /things?${'a'.repeat(8_192)} HTTP/1.1`, host(), fixture.credential]), 431)
    assert.equal(
      (await rawRequest(fixture.url, raw([`GET /things?${'a'.repeat(8_180)} HTTP/1.1`, host(), fixture.credential]))).status,
      200,
    )
  })

  test('T-HTTP-05 an upgrade is a bodiless GET to websocket version 13', async () => {
    const lines = (change: Record<string, string>, ...more: string[]) =>
      upgradeLines('/', fixture.host, ...more).map((line) => change[line.split(':')[0] as string] ?? line)
    const table: [string, string, number][] = [
      ['Content-Length', raw(lines({}, 'Content-Length: 5'), 'hello'), 400],
      ['Content-Length: 0', raw(lines({}, 'Content-Length: 0')), 400],
      ['Transfer-Encoding', raw(lines({}, 'Transfer-Encoding: chunked'), '0\r\n\r\n'), 400],
      ['bytes before the 101', `${raw(lines({}))}early`, 400],
      ['h2c', raw(lines({ Upgrade: 'Upgrade: h2c' }, 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA')), 426],
      ['several protocols', raw(lines({ Upgrade: 'Upgrade: websocket, h2c' })), 426],
      ['version 8', raw(lines({ 'Sec-WebSocket-Version': 'Sec-WebSocket-Version: 8' })), 426],
      ['no version', raw(lines({}).filter((line) => !line.startsWith('Sec-WebSocket-Version'))), 426],
      ['POST', raw(lines({}).map((line) => line.replace('GET', 'POST'))), 400],
    ]
    for (const [name, bytes, status] of table) await assertRefused(name, bytes, status)
    const reply = await rawRequest(fixture.url, raw(lines({ Upgrade: 'Upgrade: h2c' })))
    assert.deepEqual([reply.headers['upgrade'], reply.headers['sec-websocket-version']], ['websocket', '13'])
  })

  test('T-HTTP-05 an upgrade may follow requests on one connection', async () => {
    const connection = await rawConnect(fixture.url)
    await connection.send(raw(good()))
    await connection.until(1)
    await connection.send(raw(upgradeLines('/', fixture.host)))
    assert.deepEqual(
      (await connection.until(2)).map(({ status }) => status),
      [200, 101],
    )
    connection.destroy()
  })

  test('T-HTTP-06 trailers say nothing', async () => {
    const chunked = (lines: string[], trailers: string[]) =>
      raw(
        ['POST /v1/echo HTTP/1.1', host(), 'Transfer-Encoding: chunked', 'Connection: close', ...lines],
        raw(['2', '{}', '0', ...trailers]),
      )
    const trailers = [fixture.credential, 'Host: evil.test', 'Expect: x', 'X-Forwarded-For: 1.2.3.4']
    assert.equal((await rawRequest(fixture.url, chunked([], trailers))).status, 401)
    assert.equal((await rawRequest(fixture.url, chunked([fixture.credential], trailers))).status, 200)
  })

  test('T-HTTP-06 Expect is 100-continue or refused, and 100 is said only to a body that will be read', async () => {
    const post = (...more: string[]) => raw(['POST /v1/echo HTTP/1.1', host(), ...more])
    const exchange = async (bytes: string, body = '') => {
      const connection = await rawConnect(fixture.url)
      await connection.send(bytes)
      if (body) {
        while (connection.interim().length === 0) await new Promise((resolve) => connection.socket.once('data', resolve))
        await connection.send(body)
      }
      const [reply] = await connection.until(1)
      connection.destroy()
      return [...connection.interim(), reply?.status]
    }
    const length = 'Content-Length: 2'
    assert.deepEqual(await exchange(post(fixture.credential, length, 'Expect: 100-continue'), '{}'), [100, 200])
    assert.deepEqual(await exchange(post(length, 'Expect: 100-continue')), [401], 'no credential')
    assert.deepEqual(await exchange(post(fixture.credential, 'Content-Length: 9999999', 'Expect: 100-continue')), [413], 'too large')
    for (const expect of ['200-ok', '100-continue, x', 'x', '100-continue2'])
      assert.deepEqual(await exchange(post(fixture.credential, length, `Expect: ${expect}`)), [417], expect)
    assert.deepEqual(await exchange(post(fixture.credential, length, 'Expect: 100-continue', 'Expect: 100-continue')), [417], 'twice')
  })

  test('T-HTTP-06 the body of a refused request is not awaited', async () => {
    const cases = [
      [['POST /v1/echo HTTP/1.1', host(), 'Content-Length: 1073741824'], 401],
      [['POST /v1/echo HTTP/1.1', host(), 'Transfer-Encoding: chunked'], 401],
      [['POST /v1/echo HTTP/1.1', host(), 'Content-Length: 10'], 401],
      [['POST /nowhere HTTP/1.1', host(), 'Content-Length: 1073741824'], 404],
      [['POST /things HTTP/1.1', host(), 'Content-Length: 1073741824'], 405],
      [['POST /v1/echo HTTP/1.1', 'Host: evil.test', 'Content-Length: 1073741824'], 421],
    ] as const
    await pool(cases, cases.length, async ([lines, status]) => {
      const connection = await rawConnect(fixture.url)
      await connection.send(raw(lines))
      const [reply] = await connection.until(1)
      assert.equal(reply?.status, status)
      assert.equal(await connection.closes(2_500), true, 'and closed, as the body never came')
      connection.destroy()
    })
  })
})
