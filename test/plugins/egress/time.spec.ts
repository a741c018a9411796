import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { GatewayError } from 'openclaw/plugin'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { asking, bootEgress, closing, endless, networkOf, publicAddress, serveSockets } from './boot.js'

const network = networkOf({ 'a.test': [publicAddress] })

describe('limits of time', () => {
  test('T-NET-05 a body that drips is given up when its time is over', async () => {
    let closed: Promise<void> | undefined
    const { fetch } = await asking((req, res) => {
      closed = closing(req.socket)
      const timer = setInterval(() => res.write('x'), 5)
      res.on('close', () => clearInterval(timer))
    })
    await assert.rejects(fetch({ timeoutMs: 200 }), { code: 'egress_timeout' })
    await closed
  })

  test('T-NET-05 headers that drip are given up too', async () => {
    const port = await serveSockets((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ')
      const timer = setInterval(() => socket.write('y'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    const { fetch } = bootEgress({ network })
    await assert.rejects(fetch(`http://a.test:${port}/`, { timeoutMs: 200 }), { code: 'egress_timeout' })
    const endlessHints = await serveSockets((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    await assert.rejects(fetch(`http://a.test:${endlessHints}/`, { timeoutMs: 200 }), { code: 'egress_timeout' })
  })

  test('T-NET-05 redirects share the time of their fetch', async () => {
    const { fetch } = await asking((_req, res) => setTimeout(() => res.writeHead(302, { location: '/' }).end(), 40))
    await assert.rejects(fetch({ timeoutMs: 200, maxRedirects: 1_000 }), { code: 'egress_timeout' })
  })

  test('T-NET-05 the first byte has a limit of its own, and so has each pause', async () => {
    const silent = await asking(() => undefined, { firstByteMs: 50 })
    await assert.rejects(silent.fetch({ timeoutMs: 60_000 }), { code: 'egress_timeout' })
    const pausing = await asking((_req, res) => res.write('x'), { firstByteMs: 50 })
    await assert.rejects(pausing.fetch({ timeoutMs: 60_000 }), { code: 'egress_timeout' })
  })

  test('T-NET-05 connecting has a limit of its own, with the look-up and TLS', async () => {
    const port = await serveSockets(() => undefined)
    const { fetch } = bootEgress({ network, connectMs: 50 })
    await assert.rejects(fetch(`https://a.test:${port}/`, { timeoutMs: 60_000 }), { code: 'egress_timeout' })
    const resolve = () => new Promise<never>(() => undefined)
    const lost = bootEgress({ network: networkOf({}, { resolve }), connectMs: 50 })
    await assert.rejects(lost.fetch('http://a.test/', { timeoutMs: 60_000 }), { code: 'egress_timeout' })
  })
})

describe('cancelling', () => {
  const gone = new GatewayError('client_closed', 'gone')
  const until = (fetched: Promise<unknown>) => assert.rejects(fetched, (error) => error === gone)

  test('before it began', async () => {
    const { url, egress } = await asking(() => assert.fail('asked'))
    const canceller = new Canceller()
    canceller.abort(gone)
    await until(egress.fetch({ url }, canceller))
  })

  test('while the name is looked up', async () => {
    const canceller = new Canceller()
    const resolve = () => {
      setImmediate(() => canceller.abort(gone))
      return new Promise<never>(() => undefined)
    }
    await until(bootEgress({ network: networkOf({}, { resolve }) }).egress.fetch({ url: 'http://a.test/' }, canceller))
  })

  test('while it connects: the connection goes at once', async () => {
    const canceller = new Canceller()
    let closed: Promise<void> | undefined
    const port = await serveSockets((socket) => {
      closed = closing(socket.resume())
      canceller.abort(gone)
    })
    await until(bootEgress({ network }).egress.fetch({ url: `https://a.test:${port}/` }, canceller))
    await closed
  })

  test('while it waits for the answer, and in the middle of it: the connection goes at once', async () => {
    const canceller = new Canceller()
    const closed: Promise<void>[] = []
    const { url, egress } = await asking((req, res) => {
      closed.push(closing(req.socket))
      if (closed.length === 1) return canceller.abort(gone)
      res.write('x')
      setImmediate(() => second.abort(gone))
    })
    const second = new Canceller()
    await until(egress.fetch({ url }, canceller))
    await until(egress.fetch({ url }, second))
    await Promise.all(closed)
  })

  test('while a bomb is decoded', async () => {
    const canceller = new Canceller()
    const { url, egress } = await asking((req, res) => {
      endless(gzipSync(Buffer.alloc(1_048_576)), { 'content-encoding': 'gzip' })(req, res)
      setImmediate(() => canceller.abort(gone))
    })
    await until(egress.fetch({ url, maxBytes: Number.MAX_SAFE_INTEGER }, canceller))
  })

  test('closing ends what is being fetched, and lets nothing begin', async () => {
    const { url, egress } = await asking(() => egress.close())
    const stopped = { code: 'shutting_down' }
    await assert.rejects(egress.fetch({ url }, new Canceller()), stopped)
    await assert.rejects(egress.fetch({ url }, new Canceller()), stopped)
  })
})
