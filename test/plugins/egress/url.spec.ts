import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isEgressFault } from '../../../plugins/contracts/egress.js'
import { seeded } from '../../support/random.js'
import { bootEgress, networkOf, publicAddress, recordAttempts, serve } from './boot.js'

const names = {
  'good.test': [publicAddress],
  'sub.good.test': [publicAddress],
  'bad.test': ['127.0.0.2'],
  'private.test': ['10.0.0.1'],
  localhost: ['127.0.0.3'],
  'good.test.bad.test': ['127.0.0.2'],
  'mixed.test': [publicAddress, '::1'],
}

describe('URLs', () => {
  let server: Awaited<ReturnType<typeof serve>>
  let recorder: ReturnType<typeof recordAttempts>
  before(async () => {
    server = await serve((req, res) => res.end(req.headers.host))
    recorder = recordAttempts()
  })
  after(() => recorder.end())

  test('an answer: status, type, charset, body, the URL', async () => {
    const other = await serve((_req, res) => res.writeHead(404, { 'content-type': 'Text/Plain; x=1; Charset="ISO-8859-1"' }).end('gone'))
    const { fetch, lines } = bootEgress({ network: networkOf(names) })
    const url = `http://good.test:${other.port}/a%20b?c=d`
    const { body, ...rest } = await fetch(`${url}#fragment`)
    assert.deepEqual(rest, { status: 404, type: 'text/plain', charset: 'iso-8859-1', url: `${url}#fragment` })
    assert.equal(body.toString(), 'gone')
    const [arrival] = other.arrivals
    assert.equal(arrival?.url, '/a%20b?c=d')
    assert.deepEqual(arrival.headers, {
      host: `good.test:${other.port}`,
      'user-agent': 'OpenClaw-Gateway/1.0',
      accept: '*/*',
      'accept-encoding': 'gzip, br',
      connection: 'close',
    })
    const [{ fields }] = lines as [(typeof lines)[0]]
    assert.deepEqual({ ...fields, ms: 0 }, { host: 'good.test', status: 404, bytes: 4, ms: 0 })
  })

  test("headers of the caller are sent, but none that is the connection's", async () => {
    const { fetch } = bootEgress({ network: networkOf(names) })
    const headers = {
      Authorization: 'Bearer x',
      Accept: 'image/*',
      Host: 'evil.test',
      'User-Agent': 'me',
      Connection: 'keep-alive',
      'Proxy-Authorization': 'x',
    }
    assert.equal((await fetch(`http://good.test:${server.port}/`, { headers })).body.toString(), `good.test:${server.port}`)
    const sent = server.arrivals.at(-1)?.headers
    assert.equal(sent?.authorization, 'Bearer x')
    assert.equal(sent.accept, 'image/*')
    assert.equal(sent['user-agent'], 'OpenClaw-Gateway/1.0')
    assert.equal(sent['proxy-authorization'], undefined)
    assert.equal(sent.connection, 'close')
    await assert.rejects(fetch(`http://good.test:${server.port}/`, { headers: { 'x-a': 'b\r\nx-c: d' } }), { code: 'egress_failed' })
  })

  test('T-NET-02 only http and https, without a user, are asked', async () => {
    const { fetch } = bootEgress({ network: networkOf(names) })
    const before = recorder.attempts.length
    for (const url of [
      '',
      'good.test/x',
      '//good.test/x',
      'file:///etc/passwd',
      'ftp://good.test/',
      'gopher://good.test:70/_x',
      'data:text/plain,x',
      'javascript:alert(1)',
      'blob:http://good.test/1',
      'view-source:http://good.test/',
      'ws://good.test/',
      'http://',
      'http://a b/',
      'http://good.test:99999/',
      'http://[::1/',
      'http://1.2.3.4.5/',
      'http://256.1.1.1/',
      `http://user@good.test:${server.port}/`,
      `http://:password@good.test:${server.port}/`,
      `http://good.test:${server.port}@bad.test/`,
      `http://good.test:${server.port}/${'x'.repeat(8_192)}`,
    ])
      await assert.rejects(fetch(url), { code: 'egress_refused' }, url)
    assert.equal(recorder.attempts.length, before)
  })

  test('a list of hosts is exact, or everything below a name', async () => {
    const { fetch } = bootEgress({ network: networkOf({ ...names, 'xn--mnchen-3ya.test': [publicAddress] }) })
    const answers = (host: string, ...hosts: string[]) => fetch(`http://${host}:${server.port}/`, { hosts })
    await answers('good.test', 'Good.Test')
    await answers('sub.good.test', 'other.test', '*.good.test')
    await answers('münchen.test', 'MÜNCHEN.test')
    for (const hosts of [['*.good.test'], ['sub.good.test'], ['od.test'], ['*.od.test'], ['*'], ['*.'], ['good.test:80']])
      await assert.rejects(answers('good.test', ...hosts), { code: 'egress_refused' }, hosts[0])
    await assert.rejects(answers('good.test.', 'good.test'), { code: 'egress_refused' })
    // It does not make an address a public one.
    await assert.rejects(answers('bad.test', 'bad.test'), { code: 'egress_refused' })
  })

  test('no error and no line of the log tells an address', async () => {
    const { fetch, lines } = bootEgress({ network: networkOf({ ...names, 'closed.test': [publicAddress] }) })
    const told: string[] = []
    for (const url of ['http://private.test/secret?q=1', 'http://mixed.test/', 'http://closed.test:1/secret', 'http://nowhere.test/'])
      await fetch(url).then(
        () => assert.fail(url),
        (error) => told.push(`${error.code} ${error.message} ${error.cause}`),
      )
    assert.deepEqual(
      told.map((text) => text.split(' ')[0]),
      ['egress_refused', 'egress_refused', 'egress_failed', 'egress_failed'],
    ) // prettier-ignore
    assert.deepEqual(
      lines.map(({ fields }) => [fields['host'], fields['cause']]),
      [
        ['private.test', undefined],
        ['mixed.test', undefined],
        ['closed.test', 'ECONNREFUSED'],
        ['nowhere.test', 'ENOTFOUND'],
      ],
    ) // prettier-ignore
    assert.doesNotMatch(`${told.join()}${JSON.stringify(lines)}`, /10\.0\.0\.1|127\.0\.0\.1|::1|secret/)
  })

  test('T-NET-02 however a URL is written, the verdict is about the address that is connected to', async () => {
    const { fetch } = bootEgress({ network: networkOf(names) })
    const random = seeded(20_240_517)
    let [fetched, denied] = [0, 0]
    for (let i = 0; i < 800; i++) {
      const url = mutate(server.port, random)
      const attempts = recorder.attempts.length
      const arrived = server.arrivals.length
      const outcome = await fetch(url).catch((error: unknown) => error)
      const tried = recorder.attempts.slice(attempts)
      assert.ok(
        tried.every((address) => address === publicAddress),
        `${JSON.stringify(url)} tried ${tried.join()}`,
      ) // prettier-ignore
      if (outcome instanceof Error) {
        assert.ok(isEgressFault(outcome), `${JSON.stringify(url)}: ${outcome}`)
        if (outcome.code === 'egress_refused') assert.deepEqual(tried, [], url)
        denied++
      } else {
        // One parser: Host is what `new URL` says, and one connection was made, to the address that was judged.
        assert.deepEqual(tried, [publicAddress])
        assert.equal(server.arrivals[arrived]?.at, publicAddress)
        assert.equal(server.arrivals[arrived]?.headers.host, new URL(url).host)
        fetched++
      }
    }
    assert.ok(fetched > 80 && denied > 80, `${fetched} fetched, ${denied} denied`)
    assert.ok(server.connections.every((address) => address === publicAddress))
  })
})

const hosts = [
  ...Object.keys(names),
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '127.1',
  '127.0.0.2',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::7f00:1]',
  '[64:ff9b::7f00:1]',
  '169.254.169.254',
  '0',
  '１２７.1',
  '⓪',
] // prettier-ignore
const pieces = [
  '@',
  '\\',
  '/',
  '#',
  '?',
  ':',
  '.',
  '%2f',
  '%40',
  '%00',
  '%23',
  '\t',
  '\n',
  ' ',
  '。',
  '％',
  '[',
  ']',
  '@good.test',
  '@bad.test',
  '\\@bad.test',
  '#@bad.test',
  '?@good.test',
  '.bad.test',
  '\u00ad',
  '\u200d',
  'ß',
  '%E3%80%82',
  ';',
  '&',
  '//',
] // prettier-ignore

function mutate(port: number, random: () => number): string {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] as string
  const scheme = pick(['http://', 'http://', 'http://', 'HTTP:', 'http:/', 'http:\\\\', ' http://', 'ht\ntp://'])
  let rest = `${pick(hosts)}:${port}/${random() < 0.3 ? pick(hosts) : 'x'}`
  for (let count = Math.floor(random() * 3); count > 0; count--) {
    // Not into the port: the test keeps to its own server.
    const at = Math.floor(random() * rest.indexOf(`:${port}`))
    const steps = [
      () => rest.slice(0, at) + pick(pieces) + rest.slice(at),
      () => rest.slice(0, at) + pick(pieces) + rest.slice(at + 1),
      () => rest.slice(0, at) + rest.slice(at, at + 1).toUpperCase() + rest.slice(at + 1),
      () => `${pick(hosts)}${pick(['@', ':@', '%40'])}${rest}`,
    ]
    rest = (steps[Math.floor(random() * steps.length)] as () => string)()
  }
  return scheme + rest
}
