import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connectorTo } from '../../../plugins/egress/connector.js'
import { bootEgress, certificate, networkOf, publicAddress, recordAttempts, serve } from './boot.js'

describe('rebinding', () => {
  let server: Awaited<ReturnType<typeof serve>>
  let recorder: ReturnType<typeof recordAttempts>
  before(async () => {
    server = await serve((_req, res) => res.end('ok'))
    recorder = recordAttempts()
  })
  after(() => recorder.end())

  test('T-NET-03 a name whose answers alternate is looked up once a fetch, and never asked where it was denied', async () => {
    const answers = [[publicAddress], ['127.0.0.2'], ['10.0.0.1'], ['::1'], ['169.254.169.254']]
    let lookups = 0
    const resolve = async () => answers[lookups++ % answers.length] as string[]
    const { fetch } = bootEgress({ network: networkOf({}, { resolve }) })
    const outcomes: string[] = []
    for (let i = 0; i < 50; i++)
      outcomes.push(
        await fetch(`http://rebind.test:${server.port}/`).then(
          ({ body }) => body.toString(),
          ({ code }) => code,
        ),
      )
    assert.equal(lookups, 50)
    assert.deepEqual(
      outcomes,
      Array.from({ length: 50 }, (_, i) => (i % answers.length === 0 ? 'ok' : 'egress_refused')),
    )
    assert.deepEqual([...new Set(recorder.attempts)], [publicAddress])
    assert.deepEqual([...new Set(server.connections)], [publicAddress])
  })

  test('T-NET-03 a name with one denied address among its answers is refused, wherever it stands', async () => {
    const attempts = recorder.attempts.length
    for (const denied of ['127.0.0.2', '::1', '10.0.0.1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '0.0.0.0'])
      for (const mixed of [
        [denied, publicAddress],
        [publicAddress, denied],
        [publicAddress, publicAddress, denied],
      ]) {
        // prettier-ignore
        const { fetch } = bootEgress({ network: networkOf({ 'mixed.test': mixed }) })
        await assert.rejects(fetch(`http://mixed.test:${server.port}/`), { code: 'egress_refused' }, mixed.join())
      }
    assert.equal(recorder.attempts.length, attempts)
  })

  test('T-NET-03 what a resolver answers that is no address leads nowhere', async () => {
    for (const answer of [[], ['localhost'], [publicAddress, 'x'], ['127.1'], ['']]) {
      const { fetch } = bootEgress({ network: networkOf({ 'odd.test': answer }) })
      await assert.rejects(fetch(`http://odd.test:${server.port}/`), { code: 'egress_failed' }, answer.join())
    }
  })

  test('T-NET-03 a second address is tried where the first does not answer; both were checked', async () => {
    const tried = recorder.attempts.length
    const network = networkOf({ 'two.test': ['127.0.0.9', publicAddress] }, { isPublic: (address) => /^127\.0\.0\.[19]$/.test(address) })
    const lonely = await serve((_req, res) => res.end('ok'), { host: publicAddress })
    const { fetch } = bootEgress({ network })
    assert.equal((await fetch(`http://two.test:${lonely.port}/`)).body.toString(), 'ok')
    assert.deepEqual(recorder.attempts.slice(tried), ['127.0.0.9', publicAddress])
  })

  test('T-NET-03 a connection that stands elsewhere is not used', async () => {
    const { signal } = new AbortController()
    const connector = connectorTo([publicAddress], { connectMs: 5_000, ca: undefined, signal })
    const arrived = server.arrivals.length
    // An address instead of a name is connected to without a look-up.
    const to = (hostname: string) =>
      new Promise<Socket>((resolve, reject) =>
        connector({ hostname, host: hostname, protocol: 'http:', port: String(server.port) }, (error, socket) =>
          error ? reject(error) : resolve(socket),
        ),
      )
    await assert.rejects(to('127.0.0.2'), { code: 'egress_failed' })
    const socket = await to('anything.test')
    assert.equal(socket.remoteAddress, publicAddress)
    socket.destroy()
    assert.equal(server.arrivals.length, arrived)
  })

  test("T-NET-03 TLS is spoken with the name, and the certificate has to be that name's", async () => {
    const tls = certificate('good.test')
    const secure = await serve((_req, res) => res.end('ok'), { tls })
    const names = { 'good.test': [publicAddress], 'other.test': [publicAddress] }
    const { fetch } = bootEgress({ network: networkOf(names, { ca: tls.cert }) })
    assert.equal((await fetch(`https://good.test:${secure.port}/`)).body.toString(), 'ok')
    for (const host of ['other.test', publicAddress]) {
      const { lines, fetch } = bootEgress({ network: networkOf(names, { ca: tls.cert }) })
      await assert.rejects(fetch(`https://${host}:${secure.port}/`), { code: 'egress_failed' })
      assert.equal(lines[0]?.fields['cause'], 'ERR_TLS_CERT_ALTNAME_INVALID')
    }
    const { fetch: untrusting } = bootEgress({ network: networkOf(names) })
    await assert.rejects(untrusting(`https://good.test:${secure.port}/`), { code: 'egress_failed' })
    assert.equal(secure.arrivals.length, 1)
  })

  test("the system's own resolver: this machine is refused, unless it is an exception", async () => {
    const { port } = server
    const { egress: strict } = bootEgress()
    strict.close()
    const { createEgress } = await import('../../../plugins/egress/egress.js')
    const { Canceller } = await import('../../../plugins/contracts/cancellation.js')
    const quiet = () => undefined
    const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet }
    const options = { log, connectMs: 5_000, firstByteMs: 5_000, maxConcurrent: 2, maxQueued: 2 }
    const url = `http://localhost:${port}/`
    const denying = createEgress({ ...options, allowed: new Set() })
    await assert.rejects(denying.fetch({ url }, new Canceller()), { code: 'egress_refused' })
    const allowing = createEgress({ ...options, allowed: new Set([`localhost:${port}`]) })
    assert.equal((await allowing.fetch({ url }, new Canceller())).body.toString(), 'ok')
    const canceller = new Canceller()
    canceller.abort(new Error('gone'))
    await assert.rejects(allowing.fetch({ url }, canceller), { message: 'gone' })
  })

  test('the recorder sees what it is to see', async () => {
    const before = recorder.attempts.length
    const socket = connect(server.port, '127.0.0.4')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
    assert.deepEqual(recorder.attempts.slice(before), ['127.0.0.4'])
  })
})
