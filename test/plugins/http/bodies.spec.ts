import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkJsonShape } from '../../../plugins/contracts/json.js'
import { bootFixture, type Fixture } from '../../support/gateway.js'
import { crlf, pool, raw, rawConnect, type RawConnection, rawRequest } from '../../support/raw.js'

const mib = 1_048_576
const flood = fileURLToPath(new URL('../../fixtures/http/flood.js', import.meta.url))

let fixture: Fixture
let small: Fixture
before(async () => {
  fixture = await bootFixture({ body: { maxBytes: 20 * mib } })
  small = await bootFixture({ body: { maxBytes: 65_536, timeoutMs: 800 } })
})
after(async () => {
  await fixture.close()
  await small.close()
})

const lines = ({ host, credential }: Fixture, path: string, ...more: string[]) => [
  `POST ${path} HTTP/1.1`,
  `Host: ${host}`,
  credential,
  ...more,
]
const post = (body: string | Buffer, path = '/v1/echo') => {
  const bytes = Buffer.from(body)
  return rawRequest(
    fixture.url,
    Buffer.concat([Buffer.from(raw(lines(fixture, path, `Content-Length: ${bytes.length}`, 'Connection: close'))), bytes]),
    { limitMs: 10_000 },
  )
}
const errorOf = (body: string) => JSON.parse(body).error as { message: string; type: string; param: null; code: string }

/** Sends a piece every so often until the connection is closed or time is up. */
async function drip(connection: RawConnection, piece: string, everyMs: number, forMs: number) {
  const until = performance.now() + forMs
  while (!connection.isClosed && performance.now() < until) {
    await connection.send(piece)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

// The slow ones wait beside the others, which go one by one, as some measure the process.
describe('request bodies', { concurrency: true }, () => {
  test('T-DOS-02 one byte a second, with and without length: 408, then closed', async () => {
    const own = await bootFixture()
    const cases = [
      [['Content-Length: 1000'], 'x'],
      [['Content-Length: 1000000'], 'x'],
      [['Transfer-Encoding: chunked'], `1${crlf}x${crlf}`],
    ] as const
    await pool(cases, 3, async ([more, piece]) => {
      const connection = await rawConnect(own.url)
      await connection.send(raw(lines(own, '/v1/echo', ...more)))
      await drip(connection, piece, 1_000, 20_000)
      const [reply] = connection.replies()
      assert.deepEqual([reply?.status, reply && errorOf(reply.body).code], [408, 'request_timeout'])
      assert.equal(reply?.headers['connection'], 'close')
      assert.equal(await connection.closes(), true)
      assert.ok(connection.closedAfterMs > 4_500 && connection.closedAfterMs < 15_000, `closed after ${connection.closedAfterMs} ms`)
      connection.destroy()
    })
    await own.close()
  })

  test('T-DOS-02 a slow but steady body is no attack', async () => {
    const own = await bootFixture()
    const connection = await rawConnect(own.url)
    const pieces = 24
    await connection.send(raw(lines(own, '/v1/bytes', `Content-Length: ${pieces * 512}`)))
    for (let sent = 0; sent < pieces; sent++) await drip(connection, 'x'.repeat(512), 250, 1)
    assert.equal((await connection.until(1))[0]?.status, 200)
    connection.destroy()
    await own.close()
  })

  test('T-DOS-02 the whole body has a time, however fast it flows', async () => {
    const cases = [
      [['Content-Length: 65000'], 'x'.repeat(512)],
      [['Transfer-Encoding: chunked'], `400${crlf}${'x'.repeat(1_024)}${crlf}`],
    ] as const
    await pool(cases, 2, async ([more, piece]) => {
      const connection = await rawConnect(small.url)
      await connection.send(raw(lines(small, '/v1/bytes', ...more)))
      await drip(connection, piece, 50, 20_000)
      assert.deepEqual(
        connection.replies().map(({ status }) => status),
        [408],
      )
      assert.equal(await connection.closes(), true)
      connection.destroy()
    })
  })

  test('T-DOS-02 a refused request does not hold its connection with a slow body', async () => {
    const { host } = small
    await pool(['Content-Length: 1000', 'Content-Length: 1000000', 'Transfer-Encoding: chunked'], 3, async (more) => {
      const connection = await rawConnect(small.url)
      await connection.send(raw(['POST /v1/echo HTTP/1.1', `Host: ${host}`, more]))
      await drip(connection, more.startsWith('T') ? `1${crlf}x${crlf}` : 'x', 100, 20_000)
      assert.deepEqual(
        connection.replies().map(({ status }) => status),
        [401],
      )
      assert.ok(connection.closedAfterMs < 15_000)
      connection.destroy()
    })
  })

  describe('one by one', () => {
    test('T-DOS-03 200 oversize bodies at once: all refused, and memory rises by less than 32 MiB', async () => {
      const { host, credential, url } = small
      const head = ['POST /v1/bytes HTTP/1.1', `Host: ${host}`]
      const attack = async (...more: string[]) => {
        const { stdout } = await promisify(execFile)(process.execPath, [flood, new URL(url).port, '200', ...head, ...more])
        return JSON.parse(stdout) as Record<string, number>
      }
      // The first ones also make the heap and its pools grow to their size at work.
      await attack(credential, 'Content-Length: 1073741824')
      await attack(credential, 'Transfer-Encoding: chunked')
      const attacks: [number, string[]][] = [
        [413, [credential, 'Content-Length: 1073741824']],
        [413, [credential, 'Transfer-Encoding: chunked']],
        [401, ['Content-Length: 1073741824']],
        [401, ['Transfer-Encoding: chunked']],
      ]
      for (const [status, more] of attacks) {
        const before = process.memoryUsage.rss()
        let highest = before
        const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 5)
        const tally = await attack(...more)
        clearInterval(watch)
        assert.deepEqual(tally, { [status]: 200 }, String(more))
        const risen = (highest - before) / mib
        assert.ok(risen < 32, `${more}: memory rose by ${risen.toFixed(1)} MiB`)
      }
    })

    test('T-DOS-07 looking for a bomb costs less than 50 ms', () => {
      const bodies = [
        `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
        `{${Array.from({ length: 1_000_000 }, (_, key) => `"${key}":1`).join()}}`,
        `{"a":"${'x'.repeat(10_000_000)}","__proto__":1}`,
        `{"a":"${String.raw`\"\u005f`.repeat(100_000)}","__proto__":1}`,
      ]
      for (const body of bodies.map((text) => Buffer.from(text))) {
        const tookMs = Array.from({ length: 3 }, () => {
          // Time on the processor: the clock on the wall also counts whatever else the machine does.
          const before = process.cpuUsage()
          assert.throws(() => checkJsonShape(body, 100, 10_000), /nested deeper|more than 10000 keys|__proto__/)
          return process.cpuUsage(before).user / 1_000
        })
        assert.ok(Math.min(...tookMs) < 50, `${body.toString('latin1', 0, 20)}… took ${tookMs} ms`)
      }
    })

    test('T-DOS-03 an oversize body is refused and the client gets to read why, declared or not', async () => {
      const tooLarge = { message: 'Payload too large', type: 'invalid_request_error', param: null, code: 'payload_too_large' }
      const real = (headers: Record<string, string>) =>
        new Promise<[number | undefined, string]>((resolve, reject) => {
          const req = httpRequest(`${small.url}/v1/echo`, {
            method: 'POST',
            agent: false,
            headers: { authorization: `Bearer ${small.gateway.token}`, ...headers },
          })
          req.on('response', (res) => {
            let text = ''
            res.on('data', (chunk) => (text += chunk)).on('end', () => resolve([res.statusCode, text]))
          })
          req.on('error', reject)
          for (let sent = 0; sent < 4; sent++) req.write(Buffer.alloc(mib))
          req.end()
        })
      for (let attempt = 0; attempt < 5; attempt++) {
        for (const headers of [{ 'content-length': String(4 * mib) }, { 'transfer-encoding': 'chunked' }] as Record<string, string>[]) {
          const [status, text] = await real(headers)
          assert.deepEqual([status, errorOf(text)], [413, tooLarge])
        }
        const response = await small.gateway.fetch('/v1/echo', { method: 'POST', body: 'x'.repeat(4 * mib) })
        assert.deepEqual([response.status, response.headers.get('connection')], [413, 'close'])
        await response.text()
      }
      assert.equal((await post('{}')).status, 200)
    })

    test('T-DOS-03 after a refusal hardly more is read, however long the client goes on', async () => {
      const piece = Buffer.alloc(65_536, 'x')
      await pool([[small.credential], []], 2, async (credential) => {
        const connection = await rawConnect(small.url)
        await connection.send(raw(['POST /v1/bytes HTTP/1.1', `Host: ${small.host}`, ...credential, 'Content-Length: 10000000000']))
        let taken = 0
        while (!connection.isClosed && taken < 64 * mib) {
          await Promise.race([connection.send(piece), connection.closes(3_000)])
          taken += piece.length
        }
        connection.destroy()
        // What the system buffers on both sides of the connection is not ours to refuse.
        assert.ok(taken < 24 * mib, `${taken / mib} MiB were taken`)
        assert.deepEqual(
          connection.replies().map(({ status }) => status),
          [credential.length ? 413 : 401],
        )
      })
    })

    test('T-DOS-03 exactly the limit is served, one byte more is not', async () => {
      const send = async (more: string[], body: string) =>
        (await rawRequest(small.url, raw(lines(small, '/v1/bytes', ...more), body))).status
      const chunk = (size: number) => `${size.toString(16)}${crlf}${'x'.repeat(size)}${crlf}0${crlf}${crlf}`
      assert.equal(await send(['Content-Length: 65536'], 'x'.repeat(65_536)), 200)
      assert.equal(await send(['Content-Length: 65537'], ''), 413)
      assert.equal(await send(['Transfer-Encoding: chunked'], chunk(65_536)), 200)
      assert.equal(await send(['Transfer-Encoding: chunked'], chunk(65_537)), 413)
    })

    test('T-DOS-07 JSON bombs are refused before they are parsed', async () => {
      const bombs: Record<string, [string, string]> = {
        'arrays, 200,000 deep': [`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 'invalid_value'],
        'objects, 200,000 deep': [`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`, 'invalid_value'],
        'unclosed, 200,000 deep': ['['.repeat(200_000), 'invalid_value'],
        '1,000,000 keys': [`{${Array.from({ length: 1_000_000 }, (_, key) => `"${key}":1`).join()}}`, 'invalid_value'],
        '1,000,000 equal keys': [`{${'"a":1,'.repeat(1_000_000)}"a":1}`, 'invalid_value'],
        __proto__: ['{"__proto__":{"admin":true}}', 'invalid_value'],
        'nested __proto__': ['{"a":[{"__proto__" : 1}]}', 'invalid_value'],
        '__proto__ with an escape': [String.raw`{"\u005f_proto__":{"admin":true}}`, 'invalid_value'],
        '__proto__ in escapes': [String.raw`{"\u005F\u005f\u0070\u0072\u006f\u0074\u006F\u005f\u005f":1}`, 'invalid_value'],
        'half a surrogate pair': [String.raw`{"a":"\ud800"}`, 'invalid_json'],
        'the other half': [String.raw`{"a":"\uDC00"}`, 'invalid_json'],
        'halves in the wrong order': [String.raw`{"a":"\udc00\ud800"}`, 'invalid_json'],
        'half a pair before another escape': [String.raw`{"a":"\ud800\n\udc00"}`, 'invalid_json'],
        'half a pair in a key': [String.raw`{"\ud83d":1}`, 'invalid_json'],
      }
      for (const [name, [body, code]] of Object.entries(bombs)) {
        const bytes = Buffer.from(body)
        const reply = await post(bytes)
        assert.deepEqual([reply.status, errorOf(reply.body).code], [400, code], name)
      }
      for (const bytes of [[0xed, 0xa0, 0x80], [0xff], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
        const reply = await post(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, ...bytes, 0x22, 0x7d]))
        assert.deepEqual([reply.status, errorOf(reply.body).code], [400, 'invalid_json'], String(bytes))
      }
      assert.equal((Object.prototype as Record<string, unknown>)['admin'], undefined)
    })

    test('T-DOS-07 what only looks like a bomb is served as it came', async () => {
      const harmless = [
        `{"a":${'['.repeat(99)}${']'.repeat(99)}}`,
        '{"a":"__proto__"}',
        '{"proto":1,"__proto":1,"__proto___":1}',
        String.raw`{"a":"[[[[{{{{\"{[\\"}`,
        String.raw`{"a":"\ud83d\ude00","b":"\\ud800","c":"\\\\ud800"}`,
        '{"a":"😀"}',
        `{${Array.from({ length: 10_000 }, (_, key) => `"${key}":1`).join()}}`,
      ]
      for (const body of harmless) {
        const reply = await post(body)
        assert.equal(reply.status, 200, body.slice(0, 60))
        assert.deepEqual(JSON.parse(Buffer.from(reply.body, 'latin1').toString()), JSON.parse(body))
      }
      assert.equal((await post(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`)).status, 400, '101 levels')
      assert.equal((await post(`{${Array.from({ length: 10_001 }, (_, key) => `"${key}":1`).join()}}`)).status, 400, '10,001 keys')
    })

    test('bad input: the table of answers', async () => {
      const send = async (body: string | Buffer, ...more: string[]) => {
        const bytes = Buffer.from(body)
        const head = Buffer.from(raw(lines(fixture, '/v1/echo', `Content-Length: ${bytes.length}`, ...more)))
        const reply = await rawRequest(fixture.url, Buffer.concat([head, bytes]))
        return [reply.status, JSON.parse(reply.body).error?.code ?? JSON.parse(reply.body)]
      }
      const object = 'Request body must be a JSON object.'
      assert.deepEqual(await send('{"a":'), [400, 'invalid_json'])
      assert.match(errorOf((await post('{"a":')).body).message, /^Invalid JSON: ./)
      for (const body of ['', ' ', ' \r\n\t ']) assert.deepEqual(await send(body), [200, {}], JSON.stringify(body))
      for (const body of ['[]', '"text"', '7', 'null', 'true']) {
        assert.deepEqual(await send(body), [400, 'invalid_value'], body)
        assert.equal(errorOf((await post(body)).body).message, object)
      }
      assert.deepEqual(await send('{"a":1}', 'Content-Type: text/plain'), [200, { a: 1 }], 'no client relies on the content type')
      assert.deepEqual(await send('--x\r\n\r\n1\r\n--x--', 'Content-Type: multipart/form-data; boundary=x'), [400, 'invalid_json'])
      assert.deepEqual(await send(Buffer.from('1f8b0800', 'hex'), 'Content-Encoding: gzip'), [400, 'invalid_json'])
      for (const body of ['{"a":1}', '{"a":', '[]']) assert.doesNotMatch((await post(body)).body, /at |\.ts|\.js/)
    })

    test('a body after a JSON error leaves the connection in step', async () => {
      const connection = await rawConnect(fixture.url)
      const one = (body: string) => raw(lines(fixture, '/v1/echo', `Content-Length: ${body.length}`), body)
      await connection.send(one('nonsense') + one('{"a":1}') + one('[]') + one('{"b":2}'))
      assert.deepEqual(
        (await connection.until(4)).map(({ status }) => status),
        [400, 200, 400, 200],
      )
      connection.destroy()
    })
  })
})
