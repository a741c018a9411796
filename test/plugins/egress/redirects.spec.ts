import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { bootEgress, certificate, networkOf, publicAddress, serve } from './boot.js'

type Server = Awaited<ReturnType<typeof serve>>
const statuses = [301, 302, 303, 307, 308]
const names = { 'a.test': [publicAddress], 'b.test': [publicAddress], 'bad.test': ['127.0.0.2'], 'mixed.test': [publicAddress, '10.0.0.1'] }
const secrets = { authorization: 'Bearer secret', cookie: 'a=secret', 'x-api-key': 'secret', accept: 'image/secret' }

describe('redirects', () => {
  const tls = certificate('a.test', 'b.test')
  let one: Server
  let two: Server
  let secure: Server
  before(async () => {
    /** `/<status>?<where to>`; anything else is the end. */
    const redirect: Parameters<typeof serve>[0] = (req, res) => {
      const [, status, to] = /^\/(\d+)(?:\?(.*))?$/.exec(req.url ?? '') ?? []
      if (status) res.writeHead(Number(status), to ? { location: decodeURIComponent(to) } : {})
      res.end(status ? 'moved' : 'there')
    }
    ;[one, two, secure] = await Promise.all([serve(redirect), serve(redirect), serve(redirect, { tls })])
  })
  const boot = () => bootEgress({ network: networkOf(names, { ca: tls.cert }) })
  const arrivals = () => [one, two, secure].reduce((sum, server) => sum + server.arrivals.length, 0)
  const start = (status: number, to: string, from = `http://a.test:${one.port}`) => `${from}/${status}?${encodeURIComponent(to)}`
  const kept = (server: Server) =>
    Object.keys(secrets).filter((name) => server.arrivals.at(-1)?.headers[name] === secrets[name as 'cookie'])

  for (const status of statuses) {
    test(`T-NET-04 ${status} to the same scheme, host and port keeps the headers`, async () => {
      const { fetch } = boot()
      for (const to of [`http://a.test:${one.port}/end`, '/end', 'end', `//a.test:${one.port}/end`, `HTTP://A.TEST:${one.port}/end#x`]) {
        const answer = await fetch(start(status, to), { headers: secrets })
        assert.equal(answer.body.toString(), 'there')
        assert.deepEqual(kept(one), Object.keys(secrets), to)
      }
      const answer = await fetch(start(status, '/end', `https://a.test:${secure.port}`), { headers: secrets })
      assert.equal(answer.url, `https://a.test:${secure.port}/end`)
      assert.deepEqual(kept(secure), Object.keys(secrets))
    })

    test(`T-NET-04 ${status} to another host, port or scheme drops credentials and everything custom`, async () => {
      const { fetch } = boot()
      for (const [to, server] of [
        [`http://b.test:${one.port}/end`, one],
        [`http://a.test:${two.port}/end`, two],
        [`https://a.test:${secure.port}/end`, secure],
      ] as const) {
        assert.equal((await fetch(start(status, to), { headers: secrets })).url, to)
        assert.deepEqual(kept(server), [], to)
        assert.equal(server.arrivals.at(-1)?.headers.accept, '*/*')
        assert.doesNotMatch(JSON.stringify(server.arrivals.at(-1)?.headers), /secret/)
      }
    })

    test(`T-NET-04 ${status} away and back does not bring the headers back`, async () => {
      const { fetch } = boot()
      const back = start(status, `http://a.test:${one.port}/end`, `http://b.test:${two.port}`)
      await fetch(start(status, back), { headers: secrets })
      assert.equal(one.arrivals.at(-1)?.url, '/end')
      assert.deepEqual(kept(one), [])
    })

    test(`T-NET-04 ${status} from https to http is refused`, async () => {
      const { fetch } = boot()
      const before = one.arrivals.length
      await assert.rejects(fetch(start(status, `http://a.test:${one.port}/end`, `https://a.test:${secure.port}`)), {
        code: 'egress_refused',
      })
      assert.equal(one.arrivals.length, before)
    })

    test(`T-NET-04 ${status} to what is denied is refused before anything is connected`, async () => {
      const { fetch } = boot()
      const connections = one.connections.length
      const places = [
        `http://bad.test:${one.port}/`,
        `http://mixed.test:${one.port}/`,
        `http://127.0.0.2:${one.port}/`,
        `http://2130706434:${one.port}/`,
        `http://[::1]:${one.port}/`,
        `http://[::ffff:7f00:1]:${one.port}/`,
        'http://169.254.169.254/latest',
        'file:///etc/passwd',
        'ftp://a.test/',
        'javascript:alert(1)',
        `http://user:secret@a.test:${one.port}/`,
        `http://a.test:${one.port}@bad.test/`,
        'http://',
        '//',
        'http://a.test:99999/',
      ] // prettier-ignore
      for (const place of places) await assert.rejects(fetch(start(status, place)), { code: 'egress_refused' }, place)
      assert.equal(one.connections.length - connections, places.length)
      assert.ok(one.connections.every((address) => address === publicAddress))
    })
  }

  test('T-NET-04 three redirects are followed, or as many as are asked for', async () => {
    const { fetch } = boot()
    const hops = (count: number): string => (count === 0 ? `http://a.test:${one.port}/end` : start(302, hops(count - 1)))
    assert.equal((await fetch(hops(3))).body.toString(), 'there')
    await assert.rejects(fetch(hops(4)), { code: 'egress_refused' })
    assert.equal((await fetch(hops(5), { maxRedirects: 5 })).status, 200)
    const before = arrivals()
    await assert.rejects(fetch(hops(1), { maxRedirects: 0 }), { code: 'egress_refused' })
    await assert.rejects(fetch(hops(6), { maxRedirects: 5 }), { code: 'egress_refused' })
    assert.equal(arrivals() - before, 1 + 6)
  })

  test('T-NET-04 the list of hosts holds on every hop', async () => {
    const { fetch } = boot()
    const hosts = ['a.test']
    assert.equal((await fetch(start(302, '/end'), { hosts })).status, 200)
    await assert.rejects(fetch(start(302, `http://b.test:${one.port}/end`), { hosts }), { code: 'egress_refused' })
  })

  test('T-NET-04 several places in one redirect are refused; none, or another status, is an answer', async () => {
    const double = await serve((_req, res) =>
      res
        .writeHead(302, [
          ['location', '/a'],
          ['location', '/b'],
        ] as never)
        .end(),
    ) // prettier-ignore
    const { fetch } = boot()
    await assert.rejects(fetch(`http://a.test:${double.port}/`), { code: 'egress_refused' })
    assert.equal((await fetch(`http://a.test:${one.port}/302`)).status, 302)
    for (const status of [201, 300, 304, 305, 404]) assert.equal((await fetch(start(status, '/end'))).status, status)
  })
})
