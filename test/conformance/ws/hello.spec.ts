import assert from 'node:assert/strict'
import { arch, hostname, release } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { bootInMode, proxyHeaders } from '../../support/control-modes.js'
import { modes } from '../../support/modes.js'
import { connect, connectOperator, createDevice } from '../../support/operator.js'

const version = '2026.1.2'

let control: Control
before(async () => {
  control = await bootControl({
    version,
    methods: { 'test.shown': { scope: null, handler: () => 1 }, 'test.hidden': { scope: null, hidden: true, handler: () => 1 } },
    events: { shown: {}, hidden: { hidden: true } },
  })
})
after(() => control.gateway.close())

describe('hello-ok', () => {
  test('§2.12 its members', async () => {
    const wire = await connectOperator(control.url, { token: control.token })
    const { hello } = wire
    assert.deepEqual(Object.keys(hello), ['type', 'protocol', 'server', 'features', 'snapshot', 'auth', 'policy'])
    assert.deepEqual([hello.type, hello.protocol, hello.server.version], ['hello-ok', 3, version])
    assert.deepEqual(Object.keys(hello.snapshot), ['presence', 'stateVersion', 'uptimeMs', 'authMode', 'health'])
    assert.deepEqual(hello.snapshot.health, {}, 'none yet')
    assert.ok(Number.isInteger(hello.snapshot.uptimeMs) && hello.snapshot.uptimeMs >= 0)
    assert.deepEqual(hello.policy, { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 })
    await wire.close()
  })

  test('§2.12 `features` names what is there and not hidden, the same for everybody', async () => {
    const all = await connectOperator(control.url, { token: control.token })
    const none = await connectOperator(control.url, { token: control.token, scopes: [] })
    const node = await connectOperator(control.url, { token: control.token, scopes: [], role: 'node' })
    for (const { hello } of [none, node]) assert.deepEqual(hello.features, all.hello.features)
    const { methods, events } = all.hello.features
    assert.ok(methods.includes('test.shown') && methods.includes('node.list'))
    assert.ok(!methods.includes('test.hidden') && !events.includes('hidden'))
    assert.equal(events[0], 'connect.challenge')
    for (const event of ['tick', 'presence', 'shutdown', 'heartbeat', 'shown']) assert.ok(events.includes(event), event)
    assert.equal((await all.request('test.hidden')).ok, true, 'but it can be called')
    await control.reload({ methods: { 'test.later': { scope: null, handler: () => 1 } } })
    const later = await connectOperator(control.url, { token: control.token })
    assert.ok(later.hello.features.methods.includes('test.later') && !later.hello.features.methods.includes('test.shown'))
    await Promise.all([all, none, node, later].map((wire) => wire.close()))
  })

  test('§2.12 `snapshot.authMode` is the mode', async () => {
    for (const mode of modes) {
      const { url, gateway, proof, devices } = await bootInMode(mode)
      const device = createDevice()
      devices.grant({ deviceId: device.id, publicKey: device.publicKey, role: 'operator', scopes: ['operator.admin'] })
      const headers = mode === 'trusted-proxy' ? proxyHeaders : {}
      const { answer } = await connect(url, { ...proof, headers, device })
      assert.equal(answer.payload.snapshot.authMode, mode)
      await gateway.close()
    }
  })

  test('§2.10 `auth` tells the device token, its role and its scopes; it is absent for a backend of the gateway’s own that is not paired', async () => {
    const device = createDevice()
    const wire = await connectOperator(control.url, { token: control.token, device, scopes: ['operator.read'] })
    assert.deepEqual(Object.keys(wire.hello.auth), ['deviceToken', 'role', 'scopes', 'issuedAtMs'])
    const again = await connectOperator(control.url, { token: control.token, device, scopes: [] })
    assert.equal(again.hello.auth.deviceToken, wire.hello.auth.deviceToken, '§10 stable')
    const backend = await connectOperator(control.url, { token: control.token, client: { id: 'gateway-client', mode: 'backend' } })
    assert.ok(!('auth' in backend.hello))
    assert.equal((await backend.request('system-event', { text: 'hello' })).ok, true, 'with the scopes that it asked for')
    await Promise.all([wire, again, backend].map((each) => each.close()))
  })

  test('§2.12 `configPath` and `stateDir` where there are any', async () => {
    const own = await bootControl({ paths: { state: '/tmp/state', config: '/tmp/openclaw.json' } })
    const wire = await connectOperator(own.url, { token: own.token })
    assert.deepEqual([wire.hello.snapshot.stateDir, wire.hello.snapshot.configPath], ['/tmp/state', '/tmp/openclaw.json'])
    await own.gateway.close()
  })
})

describe('presence', () => {
  const entryOf = (hello: any, id: string) => hello.snapshot.presence.find(({ deviceId }: { deviceId?: string }) => deviceId === id)

  test('§2.12 the gateway’s own entry is there, and comes with its address and kind', async () => {
    const wire = await connectOperator(control.url, { token: control.token })
    const self = wire.hello.snapshot.presence.find(({ reason }: { reason: string }) => reason === 'self')
    assert.deepEqual([self.host, self.mode, self.version, self.modelIdentifier], [hostname(), 'gateway', version, arch()])
    assert.ok(self.platform.endsWith(release()))
    assert.equal(self.text, `Gateway: ${self.host} (${self.ip}) · app ${version} · mode gateway · reason self`)
    await wire.close()
  })

  test('§2.12 a client that is tracked is in its own snapshot; a CLI is not', async () => {
    const device = createDevice()
    const client = { mode: 'ui', displayName: 'Desk', deviceFamily: 'Mac', modelIdentifier: 'M1', instanceId: 'i-1' }
    const wire = await connectOperator(control.url, { token: control.token, device, client, scopes: ['operator.read'] })
    const { ts, ...entry } = entryOf(wire.hello, device.id)
    assert.ok(Math.abs(ts - Date.now()) < 5_000)
    assert.deepEqual(entry, {
      host: 'Desk',
      version: '1.0.0',
      platform: 'linux',
      deviceFamily: 'Mac',
      modelIdentifier: 'M1',
      mode: 'ui',
      deviceId: device.id,
      roles: ['operator'],
      scopes: ['operator.read'],
      instanceId: device.id,
      reason: 'connect',
      text: 'Node: Desk · mode ui',
    })
    const cli = createDevice()
    const other = await connectOperator(control.url, { token: control.token, device: cli, client: { mode: 'cli' } })
    assert.equal(entryOf(other.hello, cli.id), undefined)
    await Promise.all([wire.close(), other.close()])
  })

  test('§2.12 roles and scopes add up over the connections of a device; `stateVersion.presence` counts', async () => {
    const device = createDevice()
    const first = await connectOperator(control.url, { token: control.token, device, scopes: ['operator.read'] })
    const second = await connectOperator(control.url, { token: control.token, device, scopes: ['operator.pairing'] })
    assert.deepEqual(entryOf(second.hello, device.id).scopes, ['operator.read', 'operator.pairing'])
    assert.ok(second.hello.snapshot.stateVersion.presence > first.hello.snapshot.stateVersion.presence)
    const list = await second.call('system-presence').catch((error: Error) => error.message)
    assert.equal(list, 'INVALID_REQUEST: missing scope: operator.read', 'a connection has the scopes that it asked for')
    const listed = await first.call('system-presence')
    assert.ok(Array.isArray(listed))
    for (let at = 2; at < listed.length; at++) assert.ok(listed[at - 1].ts >= listed[at].ts, 'newest first')
    await Promise.all([first.close(), second.close()])
  })
})
