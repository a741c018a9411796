import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import devices from '../../../plugins/devices/index.js'
import store from '../../../plugins/store/index.js'
import { bootControl, type Control } from '../../support/control.js'
import { secret } from '../../support/control-modes.js'
import { connect, type ConnectOptions, connectOperator, createDevice, type Device, type Event, type Wire } from '../../support/operator.js'

const five = ['operator.admin', 'operator.approvals', 'operator.pairing', 'operator.read', 'operator.write']

let control: Control
/** An operator on the spot who hears of pairings. */
let owner: Wire & { hello: any }
before(async () => {
  const auth = { mode: 'token', token: secret, rateLimit: { exemptLoopback: true } } as const
  control = await bootControl({ gateway: { port: 0, auth, trustedProxies: ['127.0.0.1'] }, devices: false, plugins: [store, devices] })
  owner = await connectOperator(control.url, { token: secret, client: { mode: 'cli' } })
})
after(() => control.gateway.close())

const attempt = (options: ConnectOptions) => connect(control.url, { token: secret, ...options })
/** From elsewhere: another address each time, because few open requests are kept of each. */
let address = 0
const from = () => ({ 'x-forwarded-for': `203.0.113.${++address}` })

async function refused(options: ConnectOptions) {
  const { wire, answer } = await attempt(options)
  assert.deepEqual(await wire.closed, { code: 1008, reason: 'pairing required' })
  assert.deepEqual([answer.ok, answer.error?.code, answer.error?.message], [false, 'NOT_PAIRED', 'pairing required'])
  assert.deepEqual(Object.keys(answer.error?.details), ['code', 'requestId', 'reason'])
  assert.equal(answer.error?.details.code, 'PAIRING_REQUIRED')
  return answer.error?.details as { requestId: string; reason: string }
}
async function admitted(options: ConnectOptions) {
  const { wire, answer } = await attempt(options)
  assert.deepEqual(answer.error, undefined)
  await wire.close()
  return answer.payload
}
const pairEvents = (since: number) =>
  owner.frames.slice(since).filter((frame): frame is Event => frame.type === 'event' && frame.event.startsWith('device.pair.'))
const listed = async ({ id }: Device) => {
  const { pending, paired } = await owner.call('device.pair.list', {})
  const mine = ({ deviceId }: { deviceId: string }) => deviceId === id
  return { pending: pending.filter(mine), paired: paired.find(mine) }
}
/** A device that a person approved for these scopes. */
async function approved(scopes = ['operator.read'], options: ConnectOptions = {}) {
  const device = createDevice()
  const { requestId } = await refused({ device, scopes, headers: from(), ...options })
  await owner.call('device.pair.approve', { requestId })
  return device
}

describe('pairing', () => {
  test('§2.9 §10 a first local contact with the shared credential is paired in silence; only `device.pair.resolved` tells it', async () => {
    const since = owner.frames.length
    const device = createDevice()
    const hello = await admitted({ device, scopes: ['operator.read'] })
    assert.deepEqual(hello.auth.scopes, ['operator.read'])
    const { payload } = await owner.event('device.pair.resolved', ({ deviceId }) => deviceId === device.id)
    assert.equal(payload.decision, 'approved')
    assert.deepEqual(Object.keys(payload).sort(), ['decision', 'deviceId', 'requestId', 'ts'])
    assert.deepEqual(
      pairEvents(since).map(({ event }) => event),
      ['device.pair.resolved'],
    )
    const { paired } = await listed(device)
    assert.deepEqual(
      [paired.deviceId, paired.publicKey, paired.role, paired.scopes],
      [device.id, device.publicKey, 'operator', ['operator.read']],
    )
  })

  test('§2.9 more scopes are given in silence to a local device, and waited for from elsewhere', async () => {
    const device = createDevice()
    const first = await admitted({ device, scopes: ['operator.read'] })
    const more = await admitted({ device, scopes: ['operator.write', 'operator.pairing'] })
    assert.deepEqual(more.auth.scopes, ['operator.pairing', 'operator.read', 'operator.write'])
    assert.notEqual(more.auth.deviceToken, first.auth.deviceToken)
    const { reason } = await refused({ device, scopes: five, headers: from() })
    assert.equal(reason, 'scope-upgrade')
    assert.deepEqual((await admitted({ device, scopes: ['operator.read'], headers: from() })).auth, more.auth, 'the old grant goes on')
  })

  test('§2.9 §10 another role, and another platform or device family, is never approved in silence', async () => {
    const client = { platform: 'Linux x86_64', deviceFamily: 'PC' }
    const device = createDevice()
    await admitted({ device, client })
    assert.equal((await refused({ device, client, role: 'node', scopes: [] })).reason, 'role-upgrade')
    for (const other of [{ platform: 'darwin' }, { deviceFamily: 'Phone' }, { platform: 'darwin', deviceFamily: 'Mac' }])
      assert.equal((await refused({ device, client: { ...client, ...other } })).reason, 'metadata-upgrade', JSON.stringify(other))
    await admitted({ device, client: { platform: ' LINUX X86_64', deviceFamily: 'pc' } })
    await admitted({ device, client: { ...client, displayName: 'renamed' } })
    assert.equal((await listed(device)).paired.displayName, 'renamed')
  })

  test('§2.9 from elsewhere: refused with the id of a request, which those with the pairing scope hear of', async () => {
    const blind = await connectOperator(control.url, { token: secret, scopes: ['operator.write', 'operator.approvals'] })
    const device = createDevice()
    const client = { id: 'gateway-client', mode: 'backend', displayName: 'remote dev' }
    const { requestId, reason } = await refused({ device, scopes: ['operator.read'], headers: from(), client })
    assert.equal(reason, 'not-paired')
    const { payload } = await owner.event('device.pair.requested', (request) => request.requestId === requestId)
    const { ts, remoteIp, ...request } = payload
    assert.deepEqual(request, {
      requestId,
      deviceId: device.id,
      publicKey: device.publicKey,
      displayName: 'remote dev',
      platform: 'linux',
      clientId: 'gateway-client',
      clientMode: 'backend',
      role: 'operator',
      roles: ['operator'],
      scopes: ['operator.read'],
      silent: false,
      isRepair: false,
    })
    assert.ok(Number.isInteger(ts) && typeof remoteIp === 'string')
    assert.deepEqual((await listed(device)).pending, [payload])
    await blind.request('last-heartbeat')
    assert.ok(blind.frames.every((frame) => frame.type !== 'event' || !frame.event.startsWith('device.pair.')))
    await blind.close()
  })

  test('§2.9 the same request again has the same id and is not announced; another one takes its place, roles and scopes together', async () => {
    const device = createDevice()
    const since = owner.frames.length
    const headers = from()
    const first = await refused({ device, scopes: ['operator.read'], headers })
    assert.deepEqual(await refused({ device, scopes: ['operator.read'], headers }), first)
    const second = await refused({ device, scopes: [], role: 'node', headers })
    assert.notEqual(second.requestId, first.requestId)
    const { pending } = await listed(device)
    assert.equal(pending.length, 1)
    assert.deepEqual(
      [pending[0].requestId, pending[0].roles, pending[0].scopes],
      [second.requestId, ['node', 'operator'], ['operator.read']],
    )
    assert.deepEqual(
      pairEvents(since).map(({ payload }) => payload.requestId),
      [first.requestId, second.requestId],
    )
    assert.equal((await owner.request('device.pair.approve', { requestId: first.requestId })).error?.message, 'unknown requestId')
  })

  test('§2.9 §2.10 approved, it gets in from elsewhere with a token of its own, which then suffices', async () => {
    const device = await approved(['operator.read'])
    const { auth } = await admitted({ device, scopes: ['operator.read'], headers: from() })
    assert.deepEqual([auth.role, auth.scopes], ['operator', ['operator.read']])
    assert.match(auth.deviceToken, /^[\w-]{43}$/)
    for (const proof of [{ deviceToken: auth.deviceToken }, { token: auth.deviceToken }, { token: 'old', deviceToken: auth.deviceToken }])
      assert.deepEqual((await admitted({ device, scopes: ['operator.read'], headers: from(), auth: proof })).auth, auth, 'stable')
    const { paired } = await listed(device)
    assert.ok(!JSON.stringify(paired).includes(auth.deviceToken), 'secrets are removed')
    assert.equal(paired.tokens.length, 1)
  })

  test('§2.9 a rejected or removed device is not let in, and never again in silence', async () => {
    const rejected = createDevice()
    const { requestId } = await refused({ device: rejected, scopes: ['operator.read'], headers: from() })
    await owner.call('device.pair.reject', { requestId })
    assert.equal((await owner.event('device.pair.resolved', (payload) => payload.requestId === requestId)).payload.decision, 'rejected')
    assert.equal((await refused({ device: rejected, scopes: ['operator.read'] })).reason, 'not-paired', 'though it is local now')
    const removed = createDevice()
    const wire = await connectOperator(control.url, { token: secret, device: removed })
    await owner.call('device.pair.remove', { deviceId: removed.id })
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token revoked' })
    assert.equal((await refused({ device: removed })).reason, 'not-paired')
  })

  test('T-SCOPE-06 §2.10 a rotated or revoked token closes its sockets at once and opens none any more', async () => {
    for (const method of ['device.token.rotate', 'device.token.revoke']) {
      const device = await approved(['operator.read'])
      const { auth } = await admitted({ device, scopes: ['operator.read'], headers: from() })
      const proof = { device, scopes: ['operator.read'], auth: { deviceToken: auth.deviceToken } }
      const wire = await connectOperator(control.url, proof)
      const changed = await owner.call(method, { deviceId: device.id, role: 'operator' })
      assert.equal((await wire.closed).code, 1008, method)
      assert.equal((await attempt(proof)).answer.error?.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH')
      if (method === 'device.token.rotate')
        await (await connectOperator(control.url, { ...proof, auth: { deviceToken: changed.token } })).close()
      else
        assert.equal(
          (await refused({ device, scopes: ['operator.read'] })).reason,
          'role-upgrade',
          'nor does the gateway’s token in silence',
        )
    }
  })

  test('T-SCOPE-06 §2.10 who rotates its own token gets the new one before its socket is closed', async () => {
    const device = createDevice()
    const { auth } = await admitted({ device })
    const wire = await connectOperator(control.url, { device, auth: { deviceToken: auth.deviceToken } })
    const { token } = await wire.call('device.token.rotate', { deviceId: device.id, role: 'operator' })
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token rotated' })
    await (await connectOperator(control.url, { device, auth: { deviceToken: token } })).close()
  })

  test('§5.3 nobody approves scopes that they do not hold', async () => {
    const { requestId } = await refused({ device: createDevice(), scopes: ['operator.write'], headers: from() })
    const helper = await connectOperator(control.url, { token: secret, scopes: ['operator.pairing', 'operator.read'] })
    assert.equal((await helper.request('device.pair.approve', { requestId })).error?.message, 'missing scope: operator.write')
    await helper.close()
  })

  test('§2.9 a browser page of another kind of client is not paired in silence; the Control UI and webchat are', async () => {
    const headers = { origin: 'http://localhost:5173' }
    await refused({ device: createDevice(), headers, client: { id: 'cli', mode: 'cli' } })
    for (const client of [
      { id: 'openclaw-control-ui', mode: 'webchat' },
      { id: 'webchat-ui', mode: 'webchat' },
    ])
      await admitted({ device: createDevice(), headers, client, version: 'v2' })
  })

  test('§2.3 §2.9 a backend of the gateway’s own skips pairing: it is let in, leaves no record and gets no token', async () => {
    const device = createDevice()
    const hello = await admitted({ device, client: { id: 'gateway-client', mode: 'backend' } })
    assert.ok(!('auth' in hello))
    assert.equal((await listed(device)).paired, undefined)
  })

  test('§2.10 a node is paired and gets a token too, with no scopes', async () => {
    const device = createDevice()
    const client = { id: 'node-host', mode: 'node', displayName: 'box', deviceFamily: 'Linux' }
    const node = { device, role: 'node', scopes: [], client, params: { caps: ['system'], commands: ['system.run', 'camera.snap'] } }
    const hello = await admitted(node)
    assert.deepEqual([hello.auth.role, hello.auth.scopes], ['node', []])
    const wire = await connectOperator(control.url, { ...node, auth: { deviceToken: hello.auth.deviceToken } })
    const { nodes } = await owner.call('node.list', {})
    const mine = nodes.find(({ nodeId }: { nodeId: string }) => nodeId === device.id)
    assert.deepEqual([mine.connected, mine.paired, mine.displayName, mine.caps], [true, true, 'box', ['system']])
    assert.deepEqual(mine.commands, ['system.run'], '§6.13 what its platform may offer')
    await wire.close()
  })
})
