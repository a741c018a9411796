import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { asking, bootEgress, closing, endless, networkOf, publicAddress, serveSockets } from './boot.js'

const network = networkOf({ 'a.test': [publicAddress] })
const megabyte = 1_048_576
const brotli = (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
const encoders = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotli }

describe('limits of size', () => {
  test('T-NET-05 a body may have exactly as many bytes as are allowed', async () => {
    const { fetch } = await asking((_req, res) => res.end(Buffer.alloc(1_000, 7)))
    assert.deepEqual((await fetch({ maxBytes: 1_000 })).body, Buffer.alloc(1_000, 7))
    await assert.rejects(fetch({ maxBytes: 999 }), { code: 'egress_too_large', message: /larger than 999 bytes/ })
  })

  test('T-NET-05 a length that is too large is refused before the body', async () => {
    let closed: Promise<void> | undefined
    const { fetch } = await asking((req, res) => {
      closed = closing(req.socket)
      res.writeHead(200, { 'content-length': '20971521' }).flushHeaders()
    })
    await assert.rejects(fetch(), { code: 'egress_too_large' })
    await closed
  })

  test('T-NET-05 a body without a length, or without an end, is cut off', async () => {
    const chunk = Buffer.alloc(65_536, 1)
    const chunked = await asking(endless(chunk))
    await assert.rejects(chunked.fetch({ maxBytes: megabyte }), { code: 'egress_too_large' })
    const untilClose = await asking(endless(chunk, { connection: 'close', 'transfer-encoding': 'identity' }))
    await assert.rejects(untilClose.fetch({ maxBytes: megabyte }), { code: 'egress_too_large' })
    await assert.rejects(chunked.fetch(), { code: 'egress_too_large', message: /20971520/ })
  })

  for (const [coding, encode] of Object.entries(encoders)) {
    test(`T-NET-05 ${coding}: bytes are counted as they come out`, async () => {
      const bomb = encode(Buffer.alloc(64 * megabyte))
      assert.ok(bomb.length < megabyte)
      const { fetch } = await asking((_req, res) => res.writeHead(200, { 'content-encoding': coding.toUpperCase() }).end(bomb))
      const before = process.memoryUsage().arrayBuffers
      await assert.rejects(fetch({ maxBytes: megabyte }), { code: 'egress_too_large' })
      assert.ok(process.memoryUsage().arrayBuffers - before < 16 * megabyte)
    })

    test(`${coding}: whole bodies are decoded, broken ones fail`, async () => {
      const plain = Buffer.from('ä plain text '.repeat(10_000))
      const body = encode(plain)
      const answers = [body, body.subarray(0, -20), Buffer.from('not compressed at all'), body]
      const { fetch } = await asking((_req, res) => res.writeHead(200, { 'content-encoding': coding }).end(answers.shift() as Buffer))
      assert.deepEqual((await fetch({ maxBytes: plain.length })).body, plain)
      await assert.rejects(fetch(), { code: 'egress_failed' })
      await assert.rejects(fetch(), { code: 'egress_failed' })
      await assert.rejects(fetch({ maxBytes: plain.length - 1 }), { code: 'egress_too_large' })
    })
  }

  test('T-NET-05 an encoding that was not asked for fails', async () => {
    for (const coding of ['gzip, gzip', 'zstd', 'compress', 'constructor']) {
      const { fetch } = await asking((_req, res) => res.writeHead(200, { 'content-encoding': coding }).end(gzipSync(gzipSync('x'))))
      await assert.rejects(fetch(), { code: 'egress_failed' }, coding)
    }
    const raw = await asking((_req, res) => res.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateRawSync('x')))
    await assert.rejects(raw.fetch(), { code: 'egress_failed' })
    const identity = await asking((_req, res) => res.writeHead(200, { 'content-encoding': 'Identity' }).end('x'))
    assert.equal((await identity.fetch()).body.toString(), 'x')
  })

  test('a body that ends before its length, a reset and nonsense fail', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort',
      '',
      'SSH-2.0-OpenSSH_9.6\r\n',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    ]
    const port = await serveSockets((socket) => socket.once('data', () => socket.end(answers.shift() ?? '')))
    const { fetch } = bootEgress({ network })
    while (answers.length > 0) await assert.rejects(fetch(`http://a.test:${port}/`), { code: 'egress_failed' }, answers[0])
  })
})
