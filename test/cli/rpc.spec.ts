import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { chooseCredentials } from '../../cli/rpc/credentials.js'
import { readFrame } from '../../cli/rpc/frames.js'
import { loadIdentity } from '../../cli/rpc/identity.js'
import { refusePlaintext, resolvePlace } from '../../cli/rpc/target.js'
import { callProgram } from './call-program.js'
import { type FakeGateway, type FakeOptions, silence, startFakeGateway } from './fake-gateway.js'
import { createSandbox, minimal, type Sandbox, token } from './sandbox.js'

const five = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']
const mismatch = {
  code: 'INVALID_REQUEST',
  message: 'unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)',
  details: { code: 'AUTH_TOKEN_MISMATCH', canRetryWithDeviceToken: true, recommendedNextStep: 'retry_with_device_token' },
}

describe('calls over the WebSocket protocol', () => {
  let sandbox: Sandbox
  let fake: FakeGateway
  beforeEach(async () => {
    sandbox = createSandbox()
    fake = await startFakeGateway()
    sandbox.write(minimal({}, { port: fake.port }))
  })
  afterEach(async () => {
    assert.deepEqual(fake.violations, [])
    await fake.close()
    await sandbox.remove()
  })
  const play = (options: FakeOptions) => {
    fake.options = options
  }
  const call = (...args: string[]) => callProgram(sandbox, args)
  const identityFile = (name: string) => join(sandbox.state, 'identity', name)

  test('the device key is made once, kept private, and signs every connect', async () => {
    play({ answer: ({ method, params }) => ({ method, params }) })
    const first = await call('gateway', 'call', 'echo', '--params', '{"a":1}')
    assert.deepEqual([first.code, first.stderr], [0, ''])
    assert.equal(first.stdout, 'Gateway call: echo\n{\n  "method": "echo",\n  "params": {\n    "a": 1\n  }\n}\n')
    const second = await call('gateway', 'call', 'echo', '--json')
    assert.deepEqual(JSON.parse(second.stdout), { method: 'echo', params: {} })
    const [one, two] = fake.greetings
    assert.equal(one?.device?.id, two?.device?.id)
    assert.deepEqual([one?.client.id, one?.client.mode, one?.scopes, one?.auth], ['cli', 'cli', five, { token }])
    if (process.platform !== 'win32') {
      assert.equal(statSync(identityFile('device.json')).mode & 0o777, 0o600)
      assert.equal(statSync(identityFile('')).mode & 0o777, 0o700)
    }
    assert.ok(fake.closes.every((code) => code === 1000))
  })

  test('of many first uses at once all have one key; a readable one is made private; a damaged one is named', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(sandbox.state)))
    assert.equal(new Set(all.map(({ deviceId }) => deviceId)).size, 1)
    assert.deepEqual(readdirSync(identityFile('')), ['device.json'])
    if (process.platform !== 'win32') {
      chmodSync(identityFile('device.json'), 0o644)
      await loadIdentity(sandbox.state)
      assert.equal(statSync(identityFile('device.json')).mode & 0o777, 0o600)
    }
    writeFileSync(identityFile('device.json'), '{"privateKeyPem":"nonsense"}')
    await assert.rejects(loadIdentity(sandbox.state), /device\.json is damaged .*Move it away to get a new device key/)
  })

  test("the gateway's token for this device is kept, presented once when the shared one is wrong, and dropped when disowned", async () => {
    const issue = (deviceToken: string) => ({ auth: { deviceToken, role: 'operator', scopes: five, issuedAtMs: 1 } })
    play({ greet: () => issue('first-token'), answer: () => ({}) })
    await call('gateway', 'call', 'x')
    assert.match(readFileSync(identityFile('device-auth.json'), 'utf8'), /first-token/)
    if (process.platform !== 'win32') assert.equal(statSync(identityFile('device-auth.json')).mode & 0o777, 0o600)
    play({ greet: ({ auth }) => (auth?.deviceToken === 'first-token' ? issue('second-token') : mismatch), answer: () => ({}) })
    const given = await call('gateway', 'call', 'x', '--token', 'given-token')
    assert.match(given.stderr, /gateway closed \(1008\): unauthorized: gateway token mismatch/, 'what is given for a call is used as it is')
    sandbox.write(minimal({}, { port: fake.port, auth: { mode: 'token', token: 'stale-token' } }))
    const retried = await call('gateway', 'call', 'x')
    assert.deepEqual([retried.code, retried.stderr], [0, ''])
    assert.deepEqual(
      fake.greetings.slice(2).map(({ auth }) => auth),
      [{ token: 'stale-token' }, { token: 'stale-token', deviceToken: 'first-token' }],
    )
    const disown = {
      code: 'INVALID_REQUEST',
      message: 'unauthorized: device token mismatch (rotate/reissue device token)',
      details: { code: 'AUTH_DEVICE_TOKEN_MISMATCH' },
    }
    play({ greet: ({ auth }) => (auth?.deviceToken === undefined ? mismatch : disown) })
    const refused = await call('gateway', 'call', 'x')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^Gateway call failed: Error: gateway closed \(1008\): unauthorized: device token mismatch/m)
    assert.deepEqual(fake.greetings.at(-1)?.auth, { token: 'stale-token', deviceToken: 'second-token' })
    const before = fake.greetings.length
    await call('gateway', 'call', 'x')
    assert.equal(fake.greetings.length, before + 1, 'nothing is cached any more: one attempt')
  })

  test('without any shared credential a cached device token stands alone', async () => {
    sandbox.write({ gateway: { mode: 'local', port: fake.port } })
    play({ greet: () => ({ auth: { deviceToken: 'own-token', role: 'operator' } }), answer: () => ({}) })
    await call('gateway', 'call', 'x')
    await call('gateway', 'call', 'x')
    assert.deepEqual(
      fake.greetings.map(({ auth }) => auth),
      [undefined, { deviceToken: 'own-token' }],
    )
  })

  test('a refusal is said once before and once with the target; an open pairing request with how to approve it', async () => {
    play({ greet: () => mismatch })
    const wrong = await call('gateway', 'health')
    assert.equal(
      wrong.stderr,
      `gateway connect failed: GatewayClientRequestError: ${mismatch.message}\nError: gateway closed (1008): ${mismatch.message}\n` +
        `Gateway target: ${fake.url}\nSource: local loopback\nConfig: ${sandbox.config}\nBind: loopback\n`,
    )
    assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
    const details = { code: 'PAIRING_REQUIRED', requestId: 'r-1', reason: 'not-paired' }
    play({ greet: () => ({ code: 'NOT_PAIRED', message: 'pairing required', details }) })
    const unpaired = await call('gateway', 'health')
    assert.match(unpaired.stderr, /^Error: gateway closed \(1008\): pairing required\nApprove it with: openclaw devices approve r-1\n/m)
    play({ greet: () => ({ code: 'INVALID_REQUEST', message: 'protocol mismatch', closeCode: 1002 }) })
    assert.match((await call('gateway', 'health')).stderr, /^Error: gateway closed \(1002\): protocol mismatch\n/m)
  })

  test('deadlines: no challenge, no welcome, no answer', async () => {
    const expected = /^Gateway call failed: Error: gateway timeout after 150ms\nGateway target: /
    play({ mute: true })
    const results = [await call('gateway', 'call', 'x', '--timeout', '150')]
    play({ answer: () => silence })
    results.push(await call('gateway', 'call', 'x', '--timeout', '150'))
    for (const { stderr, code, stdout } of results) {
      assert.match(stderr, expected)
      assert.deepEqual([code, stdout], [1, ''])
    }
    assert.match((await call('gateway', 'call', 'x', '--timeout', 'soon')).stderr, /Invalid --timeout \(use a number of milliseconds\)/)
  })

  test('a connection that ends while a call waits, and a gateway that is not there', async () => {
    play({ answer: (_request, _send, socket) => (socket.close(1012, 'service restart'), silence) })
    assert.match(
      (await call('gateway', 'call', 'x')).stderr,
      /: Error: gateway closed \(1012 service restart\): service restart\nGateway target: /,
    )
    play({ answer: (_request, _send, socket) => (socket.close(1000), silence) })
    assert.match((await call('gateway', 'call', 'x')).stderr, /: Error: gateway closed \(1000 normal closure\): no close reason\n/)
    play({ answer: (_request, _send, socket) => (socket.terminate(), silence) })
    assert.match(
      (await call('gateway', 'call', 'x')).stderr,
      /gateway closed \(1006 abnormal closure \(no close frame\)\): no close reason\n/,
    )
    const { port } = fake
    await fake.close()
    const down = await call('gateway', 'call', 'x')
    assert.match(
      down.stderr,
      /gateway closed \(1006 abnormal closure \(no close frame\)\): no close reason\n(.*\n)*Cause: connect ECONNREFUSED/,
    )
    fake = await startFakeGateway({}, port)
  })

  test('errors of methods, two-stage answers, and frames with more than the protocol has', async () => {
    const unknown = await call('gateway', 'call', 'nosuch')
    assert.deepEqual([unknown.stderr, unknown.code], ['Gateway call failed: GatewayClientRequestError: unknown method: nosuch\n', 1])
    const malformed = await call('gateway', 'call', 'x', '--params', '{')
    assert.match(malformed.stderr, /^Gateway call failed: SyntaxError: /)
    play({
      answer({ id }, send) {
        send({ type: 'res', id, ok: true, payload: { wrong: true }, extra: 1 })
        send({ type: 'event', event: 'tick', payload: {} })
        send({ type: 'res', id, ok: true, payload: { status: 'accepted' } })
        send({ type: 'res', id, ok: true, payload: { status: 'ok' } })
        return silence
      },
    })
    assert.match((await call('gateway', 'call', 'x')).stdout, /"accepted"/)
    assert.match((await call('gateway', 'call', 'x', '--expect-final')).stdout, /"ok"/)
  })

  test('a run outlives its gateway: the same key is asked for again, and its end is awaited', async () => {
    const final = { runId: 'r', status: 'ok', result: { payloads: [{ text: 'done', mediaUrl: null }], meta: { durationMs: 1 } } }
    let asked = 0
    play({
      answer({ method, id, params }, send, socket) {
        if (method === 'agent.wait') return { runId: params.runId, status: 'ok' }
        asked++
        if (asked === 3) return final
        send({ type: 'res', id, ok: true, payload: { runId: params.idempotencyKey, status: 'accepted' } })
        if (asked === 1) socket.close(1012, 'service restart')
        return silence
      },
    })
    const { stdout, stderr, code } = await call('agent', '--agent', 'main', '-m', 'hi')
    assert.deepEqual([stdout, stderr, code], ['done\n', 'Gateway connection lost; waiting for it to come back.\n', 0])
    assert.deepEqual(
      fake.requests.map(({ method }) => method),
      ['agent', 'agent', 'agent.wait', 'agent'],
    )
    const keys = fake.requests.map(({ params }) => params.idempotencyKey ?? params.runId)
    assert.equal(new Set(keys).size, 1)
    assert.deepEqual(fake.requests[0]?.params, { message: 'hi', agentId: 'main', timeout: 600, idempotencyKey: keys[0] })
    play({ answer: ({ method }) => (method === 'agent' ? { ...final, result: { payloads: [] } } : undefined) })
    assert.equal((await call('agent', '--agent', 'main', '-m', 'hi')).stdout, 'No reply from agent.\n')
    assert.match(
      (await call('agent', '--agent', 'main', '-m', 'hi', '--timeout', '0')).stderr,
      /^Invalid --timeout \(use a number of seconds/,
    )
  })

  test('personas: probes and reads ask for no more than to read', async () => {
    const health = { ok: true, durationMs: 3, agents: [], sessions: { path: '', count: 0, recent: [] }, channels: {} }
    play({ answer: ({ method }) => (method === 'health' ? health : undefined) })
    await call('health')
    await call('status')
    await call('gateway', 'probe')
    assert.deepEqual(
      fake.greetings.map(({ client, scopes }) => [client.id, client.mode, ...scopes]),
      [
        ['gateway-client', 'backend', 'operator.read'],
        ['cli', 'probe', 'operator.read'],
        ['cli', 'probe', 'operator.read'],
      ],
    )
  })

  test('URLs: given by flag, environment or remote mode; they need a credential of their own', async () => {
    play({ answer: () => ({}) })
    const other = await startFakeGateway({ answer: () => ({ other: true }) })
    try {
      const flagged = await call('gateway', 'call', 'x', '--url', other.url, '--token', 'its-own')
      assert.deepEqual([flagged.code, other.greetings[0]?.auth], [0, { token: 'its-own' }])
      for (const bare of [
        await call('gateway', 'health', '--url', other.url),
        await callProgram(sandbox, ['gateway', 'health'], { OPENCLAW_GATEWAY_URL: other.url }),
      ])
        assert.deepEqual(
          [bare.code, bare.stderr],
          [
            1,
            `Error: gateway url override requires explicit credentials\nFix: pass --token or --password (or gatewayToken in tools).\nConfig: ${sandbox.config}\n`,
          ],
        )
      const env = { OPENCLAW_GATEWAY_URL: other.url, OPENCLAW_GATEWAY_PASSWORD: 'env-word' }
      assert.equal((await callProgram(sandbox, ['gateway', 'call', 'x'], env)).code, 0)
      assert.deepEqual(other.greetings[1]?.auth, { password: 'env-word' })
      sandbox.write({ gateway: { mode: 'remote', remote: { url: other.url, token: 'remote-token' } } })
      assert.equal((await call('gateway', 'call', 'x')).code, 0)
      assert.deepEqual(other.greetings[2]?.auth, { token: 'remote-token' })
      sandbox.write({ gateway: { mode: 'remote' } })
      const misconfigured = await call('gateway', 'health')
      assert.equal(
        misconfigured.stderr,
        `Error: gateway remote mode misconfigured: gateway.remote.url missing\nConfig: ${sandbox.config}\nFix: set gateway.remote.url, or set gateway.mode=local.\n`,
      )
      assert.match((await call('gateway', 'health', '--url', 'ftp://x')).stderr, /^Error: Invalid gateway URL "ftp:\/\/x"/)
      assert.equal(other.greetings.length, 3)
    } finally {
      await other.close()
    }
  })

  test('plaintext never leaves the machine', async () => {
    const refused = await call('gateway', 'health', '--url', 'ws://gw.example:18789', '--token', 'x')
    assert.match(
      refused.stderr,
      /^SECURITY ERROR: Gateway URL "ws:\/\/gw\.example:18789" uses plaintext ws:\/\/ to a non-loopback address\.\n/,
    )
    assert.match(refused.stderr, /^Source: cli --url$/m)
    assert.match(refused.stderr, /ssh -N -L 18789:127\.0\.0\.1:18789 user@gateway-host/)
    assert.equal(refused.code, 1)
    const paths = { home: '', state: '', config: '/c' }
    const check =
      (url: string, env = {}) =>
      () =>
        refusePlaintext({ url, source: 'cli --url' }, env, paths)
    for (const url of ['ws://127.0.0.1:1', 'ws://127.9.9.9', 'ws://localhost:2', 'ws://[::1]:3', 'wss://gw.example'])
      assert.doesNotThrow(check(url), url)
    const broken = { OPENCLAW_ALLOW_INSECURE_PRIVATE_WS: '1' }
    for (const url of ['ws://10.1.2.3', 'ws://192.168.1.1', 'ws://172.31.0.1', 'ws://100.64.0.1', 'ws://[fd00::1]', 'ws://169.254.1.1']) {
      assert.throws(check(url), /SECURITY ERROR/, url)
      assert.doesNotThrow(check(url, broken), url)
    }
    for (const url of [
      'ws://8.8.8.8',
      'ws://gw.example',
      'ws://172.32.0.1',
      'ws://[2001:db8::1]',
      'ws://127.0.0.1.example',
      'ws://0.0.0.0',
    ])
      assert.throws(check(url, broken), /SECURITY ERROR/, url)
    const secret = check('ws://user:word@gw.example/?token=abc')
    assert.throws(secret, (error: Error) => !/word|abc/.test(error.message))
  })
})

describe('which credential', () => {
  const ports = {
    auth: { token: 'file', password: 'file-word' },
    remote: { url: 'wss://r', token: 'remote', password: 'remote-word' },
  } as const
  const both = { OPENCLAW_GATEWAY_TOKEN: 'env', OPENCLAW_GATEWAY_PASSWORD: 'env-word' }
  const choose = (gateway: Record<string, any>, env: Record<string, string> = {}, flags = {}, probe = false) =>
    chooseCredentials(gateway, { env, home: '/', secrets: {} }, { place: resolvePlace(gateway, env, {}), flags, probe, policy: 'required' })

  test('by precedence', async () => {
    const rows: [given: Promise<unknown>, expected: unknown][] = [
      [choose(ports, both), { token: 'env', password: 'env-word', given: true }],
      [choose(ports), { token: 'file', password: 'file-word' }],
      [choose({ remote: ports.remote }), { token: 'remote', password: 'remote-word' }],
      [choose(ports, { ...both, OPENCLAW_SERVICE_KIND: 'gateway' }), { token: 'file', password: 'env-word', given: true }],
      [choose({ ...ports, mode: 'remote' }, both), { token: 'remote', password: 'env-word', given: true }],
      [choose({ ...ports, mode: 'remote' }), { token: 'remote', password: 'remote-word' }],
      [choose({ mode: 'remote', auth: ports.auth, remote: { url: 'wss://r' } }, both), { token: 'env', password: 'env-word', given: true }],
      [choose({ mode: 'remote', auth: { token: 'file' }, remote: { url: 'wss://r' } }, {}, {}, true), {}],
      [choose(ports, both, { token: 'flag' }), { token: 'flag', given: true }],
      [choose({ auth: { token: '${NO_SUCH}' } }), {}],
      [choose({ auth: { mode: 'token', token: 'file', password: { source: 'env', id: 'NO_SUCH' } } }), { token: 'file' }],
      [choose({ auth: { mode: 'password', password: 'word', token: 'file' } }), { password: 'word' }],
      [choose({ auth: { token: { source: 'env', id: 'HAS' } } }, { HAS: 'resolved' }), { token: 'resolved' }],
      [choose({ auth: { token: { source: 'env', id: 'HAS_NOT' } } }), { unresolved: 'gateway.auth.token' }],
      [choose({ auth: { token: { source: 'env', id: 'HAS_NOT' }, password: 'word' } }), { password: 'word' }],
    ]
    for (const [at, [given, expected]] of rows.entries()) assert.deepEqual(await given, expected, `row ${at}`)
  })

  test('a reference that cannot be resolved is named with the ways out', async () => {
    const sandbox = createSandbox()
    try {
      sandbox.write({ gateway: { mode: 'local', port: 1, auth: { mode: 'token', token: { source: 'env', id: 'NOT_SET_HERE' } } } })
      const { stderr, code } = await callProgram(sandbox, ['gateway', 'health'])
      assert.equal(code, 1)
      assert.match(stderr, /^Error: gateway\.auth\.token is configured as a secret reference but is unavailable in this command path\.\n/)
      assert.match(stderr, /OPENCLAW_GATEWAY_TOKEN or OPENCLAW_GATEWAY_PASSWORD(.*\n)+.*--token or --password/)
      assert.equal(existsSync(join(sandbox.state, 'identity')), false, 'nothing was begun')
    } finally {
      await sandbox.remove()
    }
  })
})

test('only frames of exactly the protocol are read', () => {
  const good = [
    { type: 'res', id: 'a', ok: true },
    { type: 'res', id: 'a', ok: true, payload: null },
    { type: 'res', id: 'a', ok: false, error: { code: 'X', message: 'y' } },
    { type: 'event', event: 'tick', seq: 1, stateVersion: {} },
  ]
  const bad = [
    null,
    [],
    { type: 'req', id: 'a', method: 'x' },
    { type: 'res', id: 1, ok: true },
    { type: 'res', id: 'a', ok: false },
    { type: 'res', id: 'a', ok: true, more: 1 },
    { type: 'event', event: 'tick', id: 'a' },
    { type: 'event' },
  ]
  for (const frame of good) assert.deepEqual(readFrame(JSON.stringify(frame)), frame)
  for (const frame of bad) assert.equal(readFrame(JSON.stringify(frame)), undefined, JSON.stringify(frame))
  assert.equal(readFrame('{'), undefined)
})
