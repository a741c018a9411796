import assert from 'node:assert/strict'
import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { malformed } from '../../support/malformed.js'
import { pool, raw, rawConnect, rawExchange, rawRequest } from '../../support/raw.js'

/** Node's own server, as it comes. What it lets through is what the gateway must refuse by itself. */
let server: Server
let url: string
const seen: IncomingMessage[] = []
let upgradeHead = ''

before(async () => {
  server = createServer((req, res) => {
    seen.push(req)
    req
      .on('error', () => undefined)
      .on('end', () => res.end('served'))
      .resume()
  })
  server.on('upgrade', (_req, socket, head: Buffer) => {
    upgradeHead = head.toString()
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

const last = () => seen.at(-1) as IncomingMessage

/** The facts about the runtime that the gateway's own checks stand on. One that changed has to be looked at by a person. */
describe('the platform', () => {
  test('T-HTTP-00 defaults of the server', () => {
    const settings = server as Server & { connectionsCheckingInterval: number }
    assert.deepEqual(
      {
        connectionsCheckingInterval: settings.connectionsCheckingInterval,
        headersTimeout: server.headersTimeout,
        requestTimeout: server.requestTimeout,
        keepAliveTimeout: server.keepAliveTimeout,
        maxHeadersCount: server.maxHeadersCount,
      },
      {
        connectionsCheckingInterval: 30_000,
        headersTimeout: 60_000,
        requestTimeout: 300_000,
        keepAliveTimeout: 5_000,
        maxHeadersCount: null,
      },
    )
  })

  test('T-HTTP-00 refused by the parser', async () => {
    const answers = await pool(malformed({ host: 'localhost', credential: 'Authorization: Bearer x' }), 16, async ({ name, bytes }) => {
      const { replies } = await rawExchange(url, bytes, 2_000)
      return [name, replies[0]?.status] as const
    })
    assert.deepEqual(
      answers.filter(([, status]) => status !== 400),
      [
        ['a chunk extension of 20 KB', 413],
        // Taken for HTTP/0.9.
        ['no version', 200],
      ],
    )
  })

  test('T-HTTP-00 a second Host or Authorization is dropped silently', async () => {
    await rawRequest(url, raw(['GET / HTTP/1.1', 'Host: one', 'Host: two', 'Authorization: first', 'Authorization: second']))
    assert.deepEqual([last().headers.host, last().headers.authorization, last().rawHeaders.length], ['one', 'first', 8])
  })

  test('T-HTTP-00 header lines past a limit are dropped silently by Node 20, refused by later ones', async () => {
    const lines = Array.from({ length: 2_500 }, () => 'a:b')
    const before = seen.length
    const { status } = await rawRequest(url, raw(['GET / HTTP/1.1', 'Host: localhost', ...lines, 'Authorization: last']))
    if (!process.version.startsWith('v20.')) return assert.deepEqual([status, seen.length], [431, before])
    assert.deepEqual([status, seen.length, last().headers.authorization], [200, before + 1, undefined])
    assert.ok(last().rawHeaders.length < 4_100)
  })

  test('T-HTTP-00 targets, hosts and versions that reach the handler', async () => {
    for (const lines of [
      ['GET http://other/x HTTP/1.1', 'Host: a'],
      ['GET //other/x HTTP/1.1', 'Host: a'],
      ['OPTIONS * HTTP/1.1', 'Host: a'],
      ['GET /../x HTTP/1.1', 'Host: a'],
      ['GET /x;y\\z HTTP/1.1', 'Host: a'],
      ['GET / HTTP/1.1', 'Host: a@b'],
      ['GET / HTTP/1.1', 'Host: a, b'],
      ['GET / HTTP/1.1', 'Host:'],
      ['GET / HTTP/1.0'],
      ['GET / HTTP/0.9', 'Host: a'],
      ['GET / HTTP/2.0', 'Host: a'],
    ]) {
      assert.equal((await rawRequest(url, raw(lines))).status, 200, lines.join())
      assert.equal(last().url, lines[0]?.split(' ')[1])
    }
    assert.equal((await rawRequest(url, raw(['GET / HTTP/1.1']))).status, 400, 'no Host in 1.1')
  })

  test('T-HTTP-00 the body of an upgrade arrives as its head', async () => {
    const lines = ['GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5']
    await rawExchange(url, raw(lines, 'hello'), 500)
    assert.equal(upgradeHead, 'hello')
  })

  test('T-HTTP-00 a request behind an answer that closes still reaches the handler', async () => {
    const own = createServer((req, res) => {
      paths.push(req.url as string)
      res.writeHead(400, { connection: 'close' }).end()
    })
    const paths: string[] = []
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const request = (path: string) => raw([`GET ${path} HTTP/1.1`, 'Host: a'])
    const { replies } = await rawExchange(`http://127.0.0.1:${(own.address() as AddressInfo).port}`, request('/one') + request('/two'))
    own.close()
    assert.deepEqual([replies.length, paths], [1, ['/one', '/two']])
  })

  test('T-HTTP-00 a connection tells which response it is busy with', async () => {
    let busy: [boolean, boolean] | undefined
    let response: ServerResponse | undefined
    const own = createServer((req, res) => {
      response = res
      const of = (socket: unknown) => (socket as { _httpMessage?: ServerResponse | null })._httpMessage
      const during = of(req.socket) === res
      res.once('close', () => (busy = [during, of(req.socket) == null]))
      res.end('x')
    })
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    await rawRequest(`http://127.0.0.1:${(own.address() as AddressInfo).port}`, raw(['GET / HTTP/1.1', 'Host: a']))
    own.close()
    assert.ok(response)
    assert.deepEqual(busy, [true, true])
  })

  test('T-HTTP-00 an early close after an unread body is what the client meets first', async () => {
    // Node dumps the rest only while it keeps the connection; with `connection: close` it is gone when the answer is written.
    let closedUnread: boolean | undefined
    const own = createServer((req, res) => {
      res.writeHead(413, { connection: 'close' }).end('no')
      req.socket.once('close', () => (closedUnread = !req.complete))
    })
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const connection = await rawConnect(`http://127.0.0.1:${(own.address() as AddressInfo).port}`)
    await connection.send(raw(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000000']))
    assert.equal(await connection.closes(1_000), true)
    connection.destroy()
    own.close()
    assert.equal(closedUnread, true)
  })

  test('T-HTTP-00 JSON nests deeper than it can be written', () => {
    const deep = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
    assert.throws(() => JSON.stringify(deep), RangeError)
    assert.equal(Object.hasOwn(JSON.parse('{"__proto__":1}'), '__proto__'), true)
  })

  test('T-HTTP-00 a URL folds spellings of an IPv4 address, but not every one', () => {
    for (const spelling of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '０x7f.1', '127。0。0。1'])
      assert.equal(new URL(`http://${spelling}/`).hostname, '127.0.0.1', spelling)
    assert.equal(new URL('http://localhost./').hostname, 'localhost.')
    assert.equal(new URL('http://[64:ff9b::7f00:1]/').hostname, '[64:ff9b::7f00:1]')
  })

  test('T-HTTP-00 the constant-time compare throws on unequal lengths', () => {
    assert.throws(() => timingSafeEqual(Buffer.from('a'), Buffer.from('ab')), RangeError)
  })

  test('T-HTTP-00 WebSocket frames are capped at 100 MiB by default', () => {
    assert.equal(new WebSocketServer({ noServer: true }).options.maxPayload, 100 * 1024 * 1024)
  })
})
