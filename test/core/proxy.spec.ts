import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestGateway } from 'openclaw/testing'
import trustedProxy from '../../plugins/trusted-proxy/index.js'
import { bootFixture, type Fixture, upgradeLines } from '../support/gateway.js'
import { raw, rawRequest } from '../support/raw.js'

const token = 'kV4hTq9ZsW2mXc7LrB1n'
const auth = { mode: 'token', token } as const
const ask = ({ url, host }: Fixture, path: string, ...lines: string[]) =>
  rawRequest(url, raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines]))

/** How the fixture saw the client of one request. */
async function seen(fixture: Fixture, ...lines: string[]) {
  const { status } = await ask(fixture, '/things', `Authorization: Bearer ${token}`, ...lines)
  assert.equal(status, 200, lines.join())
  const arrival = fixture.arrivals.pop()
  return [arrival?.address, arrival?.direct]
}

const xff = (value: string) => `X-Forwarded-For: ${value}`

describe('forwarding headers', () => {
  let trusting: Fixture
  let plain: Fixture
  before(async () => {
    trusting = await bootFixture({
      gateway: { port: 0, auth, trustedProxies: ['127.0.0.1', '10.0.0.0/8', '2001:db8:1::/48', '::ffff:192.0.2.7'] },
    })
    plain = await bootFixture({ gateway: { port: 0, auth } })
  })
  after(async () => {
    await trusting.close()
    await plain.close()
  })

  test('T-PROXY-01 behind a trusted proxy the client is the first untrusted hop from the right', async () => {
    const table: [string[], string][] = [
      [[xff('203.0.113.9')], '203.0.113.9'],
      [[xff('203.0.113.9, 10.1.1.1')], '203.0.113.9'],
      [[xff('203.0.113.9, 10.1.1.1, 127.0.0.1, 10.9.9.9')], '203.0.113.9'],
      [[xff('1.2.3.4, 203.0.113.9')], '203.0.113.9'],
      [[xff('127.0.0.1, 1.2.3.4, 203.0.113.9')], '203.0.113.9'],
      [[xff('1.2.3.4'), xff('203.0.113.9')], '203.0.113.9'],
      [[xff('203.0.113.9'), xff('10.1.1.1')], '203.0.113.9'],
      [[xff('203.0.113.9:4711')], '203.0.113.9'],
      [[xff('[2001:db8::5]:443')], '2001:db8::5'],
      [[xff('[2001:db8::5]')], '2001:db8::5'],
      [[xff('2001:db8::5')], '2001:db8::5'],
      [[xff('2001:db8::5, 2001:db8:1:2::9')], '2001:db8::5'],
      [[xff('::ffff:203.0.113.9')], '203.0.113.9'],
      [[xff('::FFFF:203.0.113.9')], '203.0.113.9'],
      [[xff('203.0.113.9, ::ffff:192.0.2.7, ::ffff:10.0.0.1')], '203.0.113.9'],
      [[xff(' 203.0.113.9 ,, 10.0.0.1 ,')], '203.0.113.9'],
      // What is no address could be anybody: the hops left of it are what that client claimed.
      [[xff('1.2.3.4, unknown')], '127.0.0.1'],
      [[xff('1.2.3.4, _hidden, 10.0.0.1')], '127.0.0.1'],
      [[xff('1.2.3.4, 203.0.113.9.evil.test')], '127.0.0.1'],
      [[xff('1.2.3.4, 999.1.1.1')], '127.0.0.1'],
      [[xff('1.2.3.4, 203.0.113.9:http')], '127.0.0.1'],
      [[xff('unknown')], '127.0.0.1'],
      [[xff('')], '127.0.0.1'],
      [[xff('127.0.0.1')], '127.0.0.1'],
      [[xff('10.0.0.5, 10.0.0.6')], '127.0.0.1'],
      [['X-Real-IP: 203.0.113.9'], '127.0.0.1'],
      [['Forwarded: for=203.0.113.9;host=localhost'], '127.0.0.1'],
      [['X-Client-IP: 203.0.113.9'], '127.0.0.1'],
    ]
    for (const [lines, address] of table) assert.deepEqual(await seen(trusting, ...lines), [address, false], lines.join())
    assert.deepEqual(await seen(trusting), ['127.0.0.1', true])
  })

  test('T-PROXY-01 X-Real-IP counts only where it was switched on, and after the hops', async () => {
    const own = await bootFixture({ gateway: { port: 0, auth, trustedProxies: ['127.0.0.1'], allowRealIpFallback: true } })
    assert.deepEqual(await seen(own, 'X-Real-IP: 203.0.113.9'), ['203.0.113.9', false])
    assert.deepEqual(await seen(own, 'X-Real-IP: 203.0.113.9', xff('198.51.100.1')), ['198.51.100.1', false])
    assert.deepEqual(await seen(own, 'X-Real-IP: 203.0.113.9', xff('unknown')), ['127.0.0.1', false])
    assert.deepEqual(await seen(own, 'X-Real-IP: localhost'), ['127.0.0.1', false])
    await own.close()
  })

  test('T-PROXY-01 from anybody else they name nobody, but the request is no direct one', async () => {
    const headers = [
      xff('203.0.113.9'),
      xff('127.0.0.1'),
      xff(''),
      'X-Real-IP: 127.0.0.1',
      'X-Forwarded-Host: localhost',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Server: a',
      'Forwarded: for=127.0.0.1',
      'Via: 1.1 proxy',
      'X-Client-IP: 127.0.0.1',
      'CF-Connecting-IP: 127.0.0.1',
      'True-Client-IP: 127.0.0.1',
    ] // prettier-ignore
    for (const line of headers) assert.deepEqual(await seen(plain, line), ['127.0.0.1', false], line)
    assert.deepEqual(await seen(plain), ['127.0.0.1', true])
  })

  test('T-PROXY-01 local is not what a Host or a header says', async () => {
    for (const host of ['192.168.1.5', 'nas', 'nas.local', 'box.ts.net', '[2001:db8::1]']) {
      const { status } = await rawRequest(plain.url, raw(['GET /things HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${token}`]))
      assert.deepEqual([status, plain.arrivals.pop()?.direct], [200, false], host)
    }
    for (const host of ['localhost', '127.0.0.9', '[::1]', 'LOCALHOST:1']) {
      await rawRequest(plain.url, raw(['GET /things HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${token}`]))
      assert.equal(plain.arrivals.pop()?.direct, true, host)
    }
  })

  test('T-PROXY-01 the guessing budget belongs to the client that was established', async () => {
    const guess = async (fixture: Fixture, from: string, index: number) =>
      (await ask(fixture, '/things', xff(from), `Authorization: Bearer guess-${from}-${index}`)).status
    const ten = Array.from({ length: 10 }, (_, index) => index)
    for (const index of ten) assert.equal(await guess(trusting, '203.0.113.50', index), 401)
    assert.equal(await guess(trusting, '203.0.113.50', 10), 429)
    assert.equal(await guess(trusting, '203.0.113.51', 0), 401, 'another client of the same proxy')
    for (const index of ten) assert.equal(await guess(plain, `203.0.113.${index}`, index), 401)
    assert.equal(await guess(plain, '203.0.113.99', 10), 429, 'a new address for every guess helps nobody')
  })

  test('T-AUTH-07 spellings and neighbours of one address share a budget', async () => {
    const own = await bootFixture({ gateway: { port: 0, auth, trustedProxies: ['127.0.0.1'] } })
    const spellings = [
      '2001:db8::1',
      '2001:db8::2',
      '2001:DB8::3',
      '2001:db8:0:0::4',
      '2001:0db8:0000:0000:0:0:0:5',
      '2001:db8:0:0:ffff::6',
      '[2001:db8::7]:1',
      '2001:db8::8',
      '2001:db8::9',
      '2001:db8::a',
    ]
    for (const address of spellings)
      assert.equal((await ask(own, '/things', xff(address), `Authorization: Bearer ${address}`)).status, 401, address)
    assert.equal((await ask(own, '/things', xff('2001:db8::ffff'), 'Authorization: Bearer x')).status, 429)
    assert.equal(
      (await ask(own, '/things', xff('2001:db8:0:1::1'), 'Authorization: Bearer x')).status,
      401,
      'the next network is another client',
    )
    await own.close()
  })

  test('T-PROXY-01 without auth whatever came through a proxy is refused, and told what to set', async () => {
    const own = await bootFixture({ gateway: { port: 0, auth: { mode: 'none' } } })
    for (const line of [
      xff('203.0.113.9'),
      xff('127.0.0.1'),
      'X-Real-IP: 127.0.0.1',
      'X-Forwarded-Host: localhost',
      'Forwarded: for=127.0.0.1',
      'X-Forwarded-Proto: https',
      'Via: 1.1 x',
    ]) {
      for (const reply of [await ask(own, '/things', line), await rawRequest(own.url, raw(upgradeLines('/', own.host, line)))]) {
        assert.equal(reply.status, 400, line)
        assert.match(JSON.parse(reply.body).error.message, /gateway\.auth\.mode=none/)
      }
      assert.equal((await ask(own, '/health', line)).status, 200)
      assert.equal(own.arrivals.pop()?.principal, undefined, 'a probe through a proxy is a stranger’s')
    }
    assert.equal((await ask(own, '/things')).status, 200)
    await own.close()
  })

  test('T-PROXY-01 a trusted proxy is an address or a range, and anything else refuses the start', async () => {
    for (const entry of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '10.0.0', '', '::1/129', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/'])
      await assert.rejects(
        async () => (await createTestGateway({ gateway: { port: 0, auth, trustedProxies: [entry] } })).close(),
        /trustedProxies/,
        `"${entry}"`,
      )
  })
})

describe('users named by a proxy', () => {
  const secret = 'correct horse battery staple'
  const config = { userHeader: 'X-User', requiredHeaders: ['X-Verified'], allowUsers: ['alice', 'Bob'], secretHeader: 'X-Proof', secret }
  const boot = (trustedProxies: string[]) =>
    bootFixture({ plugins: [{ plugin: trustedProxy, config }], gateway: { port: 0, auth: { mode: 'trusted-proxy' }, trustedProxies } })
  const claim = (user: string, ...more: string[]) => [`X-User: ${user}`, 'X-Verified: yes', `X-Proof: ${secret}`, ...more]

  test('T-PROXY-02 an identity needs a trusted peer, the proof, every required header and an admitted user', async () => {
    const own = await boot(['127.0.0.1'])
    const table: [string[], number][] = [
      [claim('alice'), 200],
      [claim('Bob'), 200],
      [claim('bob'), 401],
      [claim('mallory'), 401],
      [claim(''), 401],
      [claim('alice, mallory'), 401],
      [claim('alice').filter((line) => !line.startsWith('X-Verified')), 401],
      [claim('alice').map((line) => line.replace('yes', ' ')), 401],
      [claim('alice').filter((line) => !line.startsWith('X-Proof')), 401],
      [claim('alice').map((line) => line.replace(secret, 'wrong')), 401],
      [claim('alice', 'X-User: mallory'), 400],
      [claim('alice', `X-Proof: ${secret}`), 400],
      [[`Authorization: Bearer ${secret}`], 401],
      [[], 401],
    ]
    for (const [lines, status] of table) {
      const reply = await ask(own, '/things', ...lines)
      assert.equal(reply.status, status, lines.join())
      if (status === 401) assert.equal(JSON.parse(reply.body).error.message, 'Unauthorized', 'the reason stays inside')
    }
    assert.deepEqual(
      own.arrivals.map(({ principal }) => principal?.id),
      ['alice', 'Bob'],
    )
    await own.close()
  })

  test('T-PROXY-02 the same claim from an untrusted peer is nobody’s', async () => {
    const own = await boot(['10.0.0.1'])
    for (const more of [[], [xff('10.0.0.1')], ['X-Real-IP: 10.0.0.1']])
      assert.equal((await ask(own, '/things', ...claim('alice', ...more))).status, 401)
    assert.equal(own.arrivals.length, 0)
    await own.close()
  })
})
