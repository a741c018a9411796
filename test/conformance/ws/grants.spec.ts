import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { defineService, definePlugin } from 'openclaw/plugin'
import type { Method } from '../../../plugins/contracts/methods.js'
import { Runs } from '../../../plugins/contracts/runs.js'
import trustedProxy from '../../../plugins/trusted-proxy/index.js'
import { bootControl, type Control, scopeNames, scopedMethods } from '../../support/control.js'
import { bootInMode, proxyHeaders, secret } from '../../support/control-modes.js'
import { connect, connectOperator, connectParams, createDevice, type Device, openWire } from '../../support/operator.js'
import { frameBytes, rawUpgrade } from '../../support/raw-frames.js'

let control: Control
before(async () => {
  const auth = { mode: 'token', token: secret, rateLimit: { exemptLoopback: true } } as const
  control = await bootControl({
    gateway: { port: 0, auth },
    methods: scopedMethods,
    events: { guarded: { scope: 'operator.pairing' }, open: {} },
  })
})
after(() => control.gateway.close())

const claimOf = ({ id, publicKey }: Device, scopes: readonly string[], role: 'operator' | 'node' = 'operator') => ({
  deviceId: id,
  publicKey,
  role,
  scopes,
})
/** A device that was granted these scopes, connected by its own token. */
async function paired(scopes: readonly string[], asked = scopes, { url, devices }: Pick<Control, 'url' | 'devices'> = control) {
  const device = createDevice()
  const { deviceToken } = devices.grant(claimOf(device, scopes))
  return Object.assign(await connectOperator(url, { device, scopes: asked, auth: { deviceToken } }), { device, deviceToken })
}

describe('grants that change while a socket is open', () => {
  test('T-SCOPE-06 a device that is revoked is closed at once, with all its sockets and no other', async () => {
    const first = await paired(['operator.read'])
    const second = await connectOperator(control.url, { device: first.device, scopes: [], auth: { deviceToken: first.deviceToken } })
    const other = await paired(['operator.read'])
    control.devices.narrow(first.device.id, undefined)
    for (const wire of [first, second]) assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token revoked' })
    assert.equal((await other.request('needs operator.read')).ok, true)
    const { answer } = await connect(control.url, { device: first.device, scopes: [], auth: { deviceToken: first.deviceToken } })
    assert.equal(answer.error?.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH')
  })

  test('T-SCOPE-06 what a revoked device still sends before it goes is not served', async () => {
    const device = createDevice()
    const { deviceToken } = control.devices.grant(claimOf(device, scopeNames))
    let served = 0
    await control.reload({ methods: { ...scopedMethods, counted: { scope: 'operator.read', handler: () => ++served } } })
    const raw = await rawUpgrade(control.url)
    assert.ok(await raw.connect({ device, auth: { deviceToken } }))
    await raw.request('1', 'counted')
    assert.ok(await raw.seen('"id":"1"'))
    control.devices.narrow(device.id, undefined)
    for (let at = 0; at < 20; at++) await raw.request('x', 'counted')
    await raw.send(frameBytes(Buffer.from([0x03, 0xe8]), { opcode: 8 }))
    assert.ok(await raw.closes())
    assert.equal(served, 1)
  })

  test('T-SCOPE-06 a device that is narrowed keeps its sockets and loses what was taken, for calls and for events', async () => {
    const wire = await paired(['operator.read', 'operator.pairing'])
    assert.equal((await wire.request('needs operator.pairing')).ok, true)
    control.devices.narrow(wire.device.id, ['operator.read'])
    assert.equal((await wire.request('needs operator.pairing')).error?.message, 'missing scope: operator.pairing')
    assert.equal((await wire.request('needs operator.read')).ok, true)
    const from = wire.frames.length
    control.publish('guarded', 1)
    control.publish('open', 2)
    await wire.event('open')
    assert.ok(wire.frames.slice(from).every((frame) => frame.type !== 'event' || frame.event !== 'guarded'))
    control.devices.narrow(wire.device.id, scopeNames)
    assert.equal((await wire.request('needs operator.pairing')).ok, false, 'more needs a new `connect`')
    await wire.close()
  })

  test('T-SCOPE-06 a token that is rotated closes the sockets that came by it, and not those that showed the gateway’s', async () => {
    const wire = await paired(['operator.read'])
    const byToken = await connectOperator(control.url, { device: wire.device, scopes: ['operator.read'], token: secret })
    control.devices.rotate(wire.device.id)
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token rotated' })
    assert.equal((await byToken.request('needs operator.read')).ok, true)
    await byToken.close()
  })

  test('T-SCOPE-06 who ends its own grant is told so before it is closed, and served nothing after', async () => {
    const handler: Method['handler'] = async ({ client }) => {
      control.devices.narrow(client.deviceId as string, undefined)
      return 'gone'
    }
    const leave = { scope: 'operator.read', handler }
    await control.reload({ methods: { ...scopedMethods, leave } })
    const wire = await paired(['operator.read'])
    const answers = Promise.all([
      wire.request('leave', undefined, { id: 'leave' }),
      wire.request('last-heartbeat').catch((error: Error) => error.message),
    ])
    const [left, after] = await answers
    assert.equal(left.payload, 'gone')
    assert.equal(after, 'the socket closed before the answer to last-heartbeat came')
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token revoked' })
  })

  test('T-SCOPE-06 what was taken while a plugin decided about a call is not given by its answer', async () => {
    let ran = 0
    const deciding = new Map<string, (denial: undefined) => void>()
    const slow = definePlugin({
      api: 1,
      name: 'slow',
      apply: (kernel) =>
        kernel.hooks.authorize.tap(({ principal }) => new Promise<undefined>((resolve) => deciding.set(principal.id, resolve))),
    })
    const own = await bootControl({ methods: { counted: { scope: 'operator.pairing', handler: () => ++ran } }, plugins: [slow] })
    const asks = async (left: string[] | undefined) => {
      const wire = await paired(['operator.pairing', 'operator.read'], undefined, own)
      const answer = wire.request('counted').catch((error: Error) => error.message)
      await wire.request('connect')
      own.devices.narrow(wire.device.id, left)
      deciding.get(wire.device.id)?.(undefined)
      return answer
    }
    const narrowed = await asks(['operator.read'])
    assert.equal(typeof narrowed === 'object' && narrowed.error?.message, 'missing scope: operator.pairing')
    assert.equal(await asks(undefined), 'the socket closed before the answer to counted came')
    assert.equal(ran, 0)
    await own.gateway.close()
  })

  test('T-SCOPE-06 a device that is revoked while it connects does not get in', async () => {
    const device = createDevice()
    const { deviceToken } = control.devices.grant(claimOf(device, scopeNames))
    let admit: (value: unknown) => void = () => undefined
    control.devices.delay = new Promise((resolve) => (admit = resolve))
    const wire = await openWire(control.url)
    const { payload } = await wire.event('connect.challenge')
    const answer = wire.request('connect', connectParams(payload.nonce, { device, auth: { deviceToken } }))
    await connect(control.url, { token: secret })
    control.devices.narrow(device.id, undefined)
    control.devices.delay = undefined
    admit(undefined)
    assert.deepEqual((await answer).error, { code: 'INVALID_REQUEST', message: 'device token revoked' })
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'device token revoked' })
  })

  test('T-SCOPE-06 a new gateway token closes the sockets that the old one let in, and no other', async () => {
    for (const mode of ['token', 'password'] as const) {
      const own = await bootInMode(mode, { methods: scopedMethods })
      const before = await connectOperator(own.url, { ...own.proof })
      const health = await connect(own.url, { ...own.proof })
      const device = await paired(['operator.read'], undefined, own)
      await own.reload({ gateway: { auth: { mode, [mode]: secret } }, methods: {} })
      assert.equal((await before.request('last-heartbeat')).ok, true, 'a reload that changes nothing about it closes nobody')
      await own.reload({ gateway: { auth: { mode, [mode]: 'Zq8mW3xK7vB2nL5tR9cD' } } })
      for (const wire of [before, health.wire])
        assert.deepEqual(await wire.closed, { code: 1008, reason: 'unauthorized: gateway credentials changed' })
      assert.equal((await device.request('last-heartbeat')).ok, true, 'who came by a token of its own stays')
      await own.gateway.close()
    }
  })

  test('T-SCOPE-06 a user whom the proxy’s rules do not admit any more is closed', async () => {
    const own = await bootInMode('trusted-proxy')
    const { wire } = await connect(own.url, { headers: proxyHeaders })
    const { wire: other } = await connect(own.url, { headers: { ...proxyHeaders, 'x-user': 'bob' } })
    const config = { userHeader: 'X-User', secretHeader: 'X-Proxy-Secret', secret, allowUsers: ['bob'] }
    await own.reload({ plugins: [{ plugin: trustedProxy, config }] })
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'unauthorized: gateway credentials changed' })
    assert.equal((await other.request('last-heartbeat')).error?.message, 'missing scope: operator.read', 'bob is still there')
    await own.gateway.close()
  })

  test('T-SCOPE-06 the runs of a revoked device are aborted, also when it is not connected; those of others go on', async () => {
    const aborted: string[] = []
    const gone = createDevice()
    const runs = [gone.id, createDevice().id, undefined].map((deviceId) => ({ deviceId, abort: () => aborted.push(String(deviceId)) }))
    const provider = definePlugin({
      api: 1,
      name: 'some-runs',
      provides: [defineService<unknown>(Runs.id)],
      apply: (kernel) => kernel.provide(defineService<unknown>(Runs.id), { active: () => runs }),
    })
    const own = await bootControl({ plugins: [provider] })
    own.devices.grant(claimOf(gone, ['operator.write']))
    own.devices.narrow(gone.id, ['operator.read'])
    assert.deepEqual(aborted, [])
    own.devices.narrow(gone.id, undefined)
    assert.deepEqual(aborted, [gone.id])
    await own.gateway.close()
  })
})
