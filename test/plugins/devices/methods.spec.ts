import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { TestGateway } from 'openclaw/testing'
import devices from '../../../plugins/devices/index.js'
import store from '../../../plugins/store/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { conformance } from '../../kit/conformance.js'
import { bootGateway } from '../../support/gateway.js'
import { allScopes, connect, type ConnectOptions, connectOperator, createDevice, type Wire } from '../../support/operator.js'
import { dropStates, newState } from './boot.js'

after(dropStates)

const boot = async (t: { after(undo: () => Promise<void>): void }): Promise<TestGateway> => {
  const gateway = await bootGateway({ plugins: [wsProtocol, store, devices] })
  t.after(() => gateway.close())
  return gateway
}
/** As a client behind something that forwards: never local. */
const far = { 'x-forwarded-for': '203.0.113.9' }

/** A device from afar that asks to be paired: the answer's error details. */
async function askFromAfar({ url, token }: TestGateway, options: ConnectOptions) {
  const { wire, answer } = await connect(url, { token, headers: far, ...options })
  assert.equal(answer.error?.code, 'NOT_PAIRED')
  assert.deepEqual(await wire.closed, { code: 1008, reason: 'pairing required' })
  return answer.error.details as { code: string; requestId: string; reason: string }
}
const operator = ({ url, token }: TestGateway, scopes: readonly string[] = allScopes) => connectOperator(url, { token, scopes })
const failure = async (wire: Wire, method: string, params: unknown) => {
  const { ok, error } = await wire.request(method, params)
  assert.equal(ok, false)
  return `${error?.code}: ${error?.message}`
}

describe('device methods over a socket', () => {
  test('a device from afar waits, is announced, approved, and comes back with its token alone', async (t) => {
    const gateway = await boot(t)
    const admin = await operator(gateway)
    const device = createDevice()
    const client = { displayName: 'Phone', platform: 'iOS 18.4.0', deviceFamily: 'iPhone' }
    const { requestId, ...details } = await askFromAfar(gateway, { device, client, scopes: ['operator.read', 'odd'] })
    assert.deepEqual(details, { code: 'PAIRING_REQUIRED', reason: 'not-paired' })
    const { payload: announced } = await admin.event('device.pair.requested')
    const { ts, remoteIp, ...request } = announced
    assert.deepEqual(request, {
      requestId,
      deviceId: device.id,
      publicKey: device.publicKey,
      ...client,
      clientId: 'gateway-client',
      clientMode: 'test',
      role: 'operator',
      roles: ['operator'],
      scopes: ['operator.read'],
      silent: false,
      isRepair: false,
    })
    assert.ok(Math.abs(Date.now() - ts) < 60_000 && typeof remoteIp === 'string')
    assert.deepEqual((await admin.call('device.pair.list', {})).pending, [announced])

    const approved = await admin.call('device.pair.approve', { requestId })
    assert.equal(approved.requestId, requestId)
    const { createdAtMs, approvedAtMs, tokens, ...shown } = approved.device
    assert.deepEqual(shown, {
      deviceId: device.id,
      publicKey: device.publicKey,
      ...client,
      clientId: 'gateway-client',
      clientMode: 'test',
      role: 'operator',
      roles: ['operator'],
      scopes: ['operator.read'],
      remoteIp,
    })
    assert.deepEqual(tokens, [{ role: 'operator', scopes: ['operator.read'], createdAtMs }])
    assert.equal(createdAtMs, approvedAtMs)
    const resolved = await admin.event('device.pair.resolved', (payload) => payload.requestId === requestId)
    assert.deepEqual({ ...resolved.payload, ts: 0 }, { requestId, deviceId: device.id, decision: 'approved', ts: 0 })

    const first = await connectOperator(gateway.url, { token: gateway.token, headers: far, device, client, scopes: ['operator.read'] })
    const { deviceToken, issuedAtMs, ...granted } = first.hello.auth
    assert.deepEqual([granted, issuedAtMs], [{ role: 'operator', scopes: ['operator.read'] }, createdAtMs]) // prettier-ignore
    const again = await connectOperator(gateway.url, { auth: { deviceToken }, headers: far, device, client, scopes: ['operator.read'] })
    assert.equal(again.hello.auth.deviceToken, deviceToken)
    assert.equal(await failure(again, 'device.pair.list', {}), 'INVALID_REQUEST: missing scope: operator.pairing')
  })

  test('T-SCOPE-03 nobody approves, rotates, revokes or removes above their own scopes', async (t) => {
    const gateway = await boot(t)
    const device = createDevice()
    const deviceId = device.id
    await connectOperator(gateway.url, { token: gateway.token, device })
    const pairer = await operator(gateway, ['operator.pairing', 'operator.read'])
    const above = await askFromAfar(gateway, { device: createDevice(), scopes: ['operator.read', 'operator.write'] })
    assert.equal(
      await failure(pairer, 'device.pair.approve', { requestId: above.requestId }),
      'INVALID_REQUEST: missing scope: operator.write',
    )
    for (const params of [
      { deviceId, role: 'operator' },
      { deviceId, role: 'operator', scopes: ['operator.read'] },
    ])
      assert.equal(await failure(pairer, 'device.token.rotate', params), 'INVALID_REQUEST: device token rotation denied')
    assert.equal(
      await failure(pairer, 'device.token.revoke', { deviceId, role: 'operator' }),
      'INVALID_REQUEST: missing scope: operator.admin',
    )
    assert.equal(await failure(pairer, 'device.pair.remove', { deviceId }), 'INVALID_REQUEST: missing scope: operator.admin')
    const within = await askFromAfar(gateway, { device: createDevice(), scopes: ['operator.read'] })
    await pairer.call('device.pair.approve', { requestId: within.requestId })
    await pairer.call('device.pair.reject', { requestId: above.requestId })
  })

  test('what does not exist is answered in the words that clients know', async (t) => {
    const admin = await operator(await boot(t))
    const deviceId = '0'.repeat(64)
    for (const [method, params, message] of [
      ['device.pair.approve', { requestId: 'x' }, 'unknown requestId'],
      ['device.pair.reject', { requestId: 'x' }, 'unknown requestId'],
      ['device.pair.remove', { deviceId }, 'unknown deviceId'],
      ['device.token.revoke', { deviceId, role: 'operator' }, 'unknown deviceId/role'],
      ['device.token.rotate', { deviceId, role: 'operator' }, 'device token rotation denied'],
    ] as const)
      assert.equal(await failure(admin, method, params), `INVALID_REQUEST: ${message}`)
    for (const [method, params] of [
      ['device.pair.list', { all: true }],
      ['device.pair.approve', {}],
      ['device.pair.approve', { requestId: '' }],
      ['device.pair.remove', { deviceId, force: true }],
      ['device.token.rotate', { deviceId, role: 'operator', scopes: [''] }],
      ['device.token.rotate', { deviceId, role: 'operator', scopes: null }],
    ] as const)
      assert.match(await failure(admin, method, params), new RegExp(`^INVALID_REQUEST: invalid ${method} params: `))
  })

  test('T-SCOPE-01 rotation refuses scopes that nobody knows, and roles that the device does not have', async (t) => {
    const gateway = await boot(t)
    const admin = await operator(gateway)
    const device = createDevice()
    await connectOperator(gateway.url, { token: gateway.token, device, scopes: ['operator.read'] })
    const deviceId = device.id
    for (const params of [
      { role: 'operator', scopes: ['operator.root'] },
      { role: 'operator', scopes: ['operator.write'] },
      { role: 'node' },
      { role: 'admin' },
    ]) // prettier-ignore
      assert.equal(await failure(admin, 'device.token.rotate', { deviceId, ...params }), 'INVALID_REQUEST: device token rotation denied')
    const rotated = await admin.call('device.token.rotate', { deviceId, role: 'operator', scopes: ['operator.read'] })
    assert.deepEqual(
      { ...rotated, token: 0, rotatedAtMs: 0 },
      { deviceId, role: 'operator', token: 0, scopes: ['operator.read'], rotatedAtMs: 0 },
    ) // prettier-ignore
    assert.match(rotated.token, /^[\w-]{43}$/)
  })

  test('T-SCOPE-06 rotation ends the old token, revocation and removal also the open sockets', async (t) => {
    const gateway = await boot(t)
    const admin = await operator(gateway)
    const device = createDevice()
    const { url, token } = gateway
    const deviceId = device.id
    const first = await connectOperator(url, { token, device, scopes: ['operator.read', 'operator.pairing'] })
    const old = first.hello.auth.deviceToken
    const rotated = await admin.call('device.token.rotate', { deviceId, role: 'operator', scopes: ['operator.read'] })
    assert.equal(await failure(first, 'device.pair.list', {}), 'INVALID_REQUEST: missing scope: operator.pairing', 'narrowed at once')
    const stale = await connect(url, { device, auth: { deviceToken: old }, scopes: ['operator.read'] })
    assert.equal(stale.answer.error?.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH')
    const second = await connectOperator(url, { device, auth: { deviceToken: rotated.token }, scopes: ['operator.read'] })
    const { revokedAtMs } = await admin.call('device.token.revoke', { deviceId, role: 'operator' })
    assert.equal(typeof revokedAtMs, 'number')
    for (const wire of [first, second]) assert.equal((await wire.closed).code, 1008)
    const revoked = await connect(url, { device, auth: { deviceToken: rotated.token }, scopes: ['operator.read'] })
    assert.equal(revoked.answer.error?.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH')
    const local = await connect(url, { token, device, scopes: ['operator.read'] })
    assert.equal(local.answer.error?.details.reason, 'role-upgrade', 'not in silence')
    await admin.call('device.pair.approve', { requestId: local.answer.error.details.requestId })
    const third = await connectOperator(url, { token, device, scopes: ['operator.read'] })
    assert.deepEqual(await admin.call('device.pair.remove', { deviceId }), { deviceId })
    assert.equal((await third.closed).code, 1008)
    assert.equal((await connect(url, { token, device, scopes: [] })).answer.error?.details.reason, 'not-paired')
  })

  test('T-AUTH-12 no list or event shows a secret, and one action ends every token of a device', async (t) => {
    const gateway = await boot(t)
    const admin = await operator(gateway)
    const { url, token } = gateway
    const device = createDevice()
    const asOperator = await connectOperator(url, { token, device, scopes: ['operator.read'] })
    const asNode: ConnectOptions = { token, device, role: 'node', scopes: [], client: { id: 'node-host', mode: 'node' } }
    const { error } = (await connect(url, asNode)).answer
    assert.equal(error?.details.reason, 'role-upgrade')
    const approved = await admin.call('device.pair.approve', { requestId: error.details.requestId })
    const node = await connectOperator(url, asNode)
    const rotated = await admin.call('device.token.rotate', { deviceId: device.id, role: 'operator' })
    const secrets = [admin, asOperator, node].map((wire) => wire.hello.auth.deviceToken as string).concat(rotated.token)
    assert.equal(new Set(secrets).size, 4)
    const told = JSON.stringify([approved, await admin.call('device.pair.list', {}), admin.frames.filter(({ type }) => type === 'event')])
    for (const secret of secrets) assert.equal(told.includes(secret), false)
    assert.equal(/issue|"token"/i.test(told), false)

    await admin.call('device.pair.remove', { deviceId: device.id })
    for (const wire of [asOperator, node]) assert.equal((await wire.closed).code, 1008)
    for (const [role, own] of [
      ['operator', rotated.token],
      ['node', node.hello.auth.deviceToken],
    ]) {
      // prettier-ignore
      const { answer } = await connect(url, { device, role, scopes: [], auth: { deviceToken: own } })
      assert.equal(answer.error?.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH', role)
    }
  })
})

const state = await newState()
conformance(devices, { with: [store, wsProtocol], paths: { state } })
