import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connect, type ConnectOptions, connectOperator, createDevice, openWire } from '../../support/operator.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let control: Control
before(async () => {
  control = await bootControl()
})
after(() => control.gateway.close())

describe('handshake', () => {
  test('§2.1 §10 `connect.challenge` comes first and at once, without `seq`, with a nonce of this connection alone', async () => {
    const nonces = new Set<string>()
    for (let at = 0; at < 20; at++) {
      const wire = await openWire(control.url)
      const event = await wire.event('connect.challenge')
      assert.deepEqual(Object.keys(event), ['type', 'event', 'payload'])
      assert.deepEqual(Object.keys(event.payload), ['nonce', 'ts'])
      assert.match(event.payload.nonce, uuid)
      assert.ok(Math.abs(event.payload.ts - Date.now()) < 5_000 && Number.isInteger(event.payload.ts))
      nonces.add(event.payload.nonce)
      wire.socket.terminate()
    }
    assert.equal(nonces.size, 20)
  })

  test('§2.1 the answer comes on the id of the request, and the connection has an id of its own', async () => {
    const { wire, answer } = await connect(control.url, { token: control.token, device: createDevice() })
    assert.deepEqual(Object.keys(answer), ['type', 'id', 'ok', 'payload'])
    assert.match(answer.payload.server.connId, uuid)
    await wire.close()
  })

  test('§2.1 no `presence` event on connect; one when a client that is tracked goes, none for a CLI', async () => {
    // Of its own: nobody else comes or goes there.
    const control = await bootControl()
    const watcher = await connectOperator(control.url, { token: control.token, client: { mode: 'cli' } })
    const presences = () => watcher.frames.filter((frame) => frame.type === 'event' && frame.event === 'presence').length
    const cli = await connectOperator(control.url, { token: control.token, client: { mode: 'cli' } })
    await cli.close()
    const device = createDevice()
    const ui = await connectOperator(control.url, { token: control.token, device, client: { mode: 'ui' } })
    await watcher.request('last-heartbeat')
    assert.equal(presences(), 0)
    await ui.close()
    const { payload, stateVersion } = await watcher.event('presence')
    const entry = payload.presence.find(({ deviceId }: { deviceId?: string }) => deviceId === device.id)
    assert.equal(entry.reason, 'disconnect')
    assert.ok(stateVersion)
    assert.equal(presences(), 1)
    await control.gateway.close()
  })

  test('§2.1 many that go at once are told of by few events', async () => {
    const watcher = await connectOperator(control.url, { token: control.token, client: { mode: 'cli' } })
    const many = await Promise.all(Array.from({ length: 60 }, () => connectOperator(control.url, { token: control.token })))
    for (const { socket } of many) socket.terminate()
    const ended = (payload: any) => payload.presence.filter(({ reason }: { reason: string }) => reason === 'disconnect').length
    await watcher.event('presence', (payload) => ended(payload) >= 60)
    const events = watcher.frames.filter((frame) => frame.type === 'event' && frame.event === 'presence')
    assert.ok(events.length <= 10, `${events.length} events`)
    await watcher.close()
  })

  test('§2.5 of several things that are wrong the first in order is told', async () => {
    const broken: [step: string, options: ConnectOptions, code: string][] = [
      ['protocol', { params: { minProtocol: 4, maxProtocol: 4 } }, 'protocol mismatch'],
      ['role', { role: 'admin' }, 'invalid role'],
      ['origin', { client: { id: 'openclaw-control-ui', mode: 'webchat' } }, 'CONTROL_UI_ORIGIN_NOT_ALLOWED'],
      ['device id', { deviceFields: { id: 'f'.repeat(64) } }, 'DEVICE_AUTH_DEVICE_ID_MISMATCH'],
      ['skew', { deviceFields: { signedAt: Date.now() - 200_000 } }, 'DEVICE_AUTH_SIGNATURE_EXPIRED'],
      ['nonce', { deviceFields: { nonce: ' ' } }, 'DEVICE_AUTH_NONCE_REQUIRED'],
      ['nonce', { deviceFields: { nonce: 'other' } }, 'DEVICE_AUTH_NONCE_MISMATCH'],
      ['signature', { sign: (payload) => `${payload}!` }, 'DEVICE_AUTH_SIGNATURE_INVALID'],
      ['credential', { token: 'wrong' }, 'AUTH_TOKEN_MISMATCH'],
      ['pairing', { headers: { host: 'nas' } }, 'PAIRING_REQUIRED'],
    ]
    for (const [at, [step, , expected]] of broken.entries()) {
      // This step and all later ones are wrong. Of one field the earlier fault stays.
      const later = broken.slice(at).reduceRight<ConnectOptions>(
        (all, [, options]) => ({
          ...all,
          ...options,
          deviceFields: { ...all.deviceFields, ...options.deviceFields },
          client: { ...all.client, ...options.client },
        }),
        { token: control.token, device: createDevice() },
      )
      const { wire, answer } = await connect(control.url, later)
      assert.equal(answer.error?.details?.code ?? answer.error?.message, expected, step)
      await wire.closed
    }
  })

  test('§2.2 §2.11 a role that is neither operator nor node is `invalid role`', async () => {
    for (const role of ['admin', 'Operator', 'nodes', '__proto__', ' operator']) {
      const { wire, answer } = await connect(control.url, { token: control.token, device: createDevice(), role })
      assert.deepEqual(answer.error, { code: 'INVALID_REQUEST', message: 'invalid role' })
      assert.deepEqual(await wire.closed, { code: 1008, reason: 'invalid role' })
    }
  })
})
