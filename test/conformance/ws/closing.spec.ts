import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootControl } from '../../support/control.js'
import { connect, connectOperator, createDevice, type Event, openWire } from '../../support/operator.js'
import { frameBytes, rawUpgrade } from '../../support/raw-frames.js'

describe('closing', () => {
  for (const [reason, payload] of [
    [undefined, { reason: 'gateway stopping', restartExpectedMs: null }],
    ['restart', { reason: 'gateway restarting', restartExpectedMs: 1_500 }],
  ] as const)
    test(`§7.8 §1.8 §10 ${payload.reason}: a \`shutdown\` event, then 1012 \`service restart\` for everybody`, async () => {
      const control = await bootControl()
      const operator = await connectOperator(control.url, { token: control.token })
      const node = await connectOperator(control.url, { token: control.token, role: 'node', scopes: [] })
      const early = await openWire(control.url)
      await early.event('connect.challenge')
      await control.gateway.close(reason)
      for (const wire of [operator, node]) {
        assert.deepEqual(await wire.closed, { code: 1012, reason: 'service restart' })
        const events = wire.frames.filter((frame): frame is Event => frame.type === 'event')
        assert.deepEqual(events.at(-1)?.payload, payload)
        assert.deepEqual(events.filter(({ event }) => event === 'shutdown').length, 1)
        assert.equal(typeof events.at(-1)?.seq, 'number')
      }
      assert.deepEqual(await early.closed, { code: 1012, reason: 'service restart' })
      assert.equal(early.frames.length, 1, 'who did not say who they are is told nothing')
    })

  test('§1.8 a client that does not answer the close does not keep the gateway from ending', async () => {
    const control = await bootControl()
    const raw = await rawUpgrade(control.url)
    assert.ok(await raw.connect({ token: control.token, device: createDevice() }))
    const closed = control.gateway.close()
    assert.ok(await raw.seen('service restart'))
    await closed
    assert.ok(await raw.closes())
  })

  test('§1.8 the replacement of other plugins closes nothing', async () => {
    const control = await bootControl()
    const wire = await connectOperator(control.url, { token: control.token })
    for (let round = 0; round < 5; round++) await control.reload({ methods: { [`round.${round}`]: { scope: null, handler: () => round } } })
    assert.equal((await wire.request('round.4')).payload, 4)
    assert.deepEqual(await wire.request('round.3').then(({ error }) => error?.message), 'unknown method: round.3')
    await control.gateway.close()
  })

  test('§1.8 the eleventh `unauthorized role` in a row closes with 1008 `repeated unauthorized calls`; any other answer begins anew', async () => {
    const control = await bootControl({ methods: { health: { scope: null, handler: () => 'fine' } } })
    const node = () => connectOperator(control.url, { token: control.token, role: 'node', scopes: [] })
    const patient = await node()
    const others: ((wire: Awaited<ReturnType<typeof node>>) => Promise<unknown>)[] = [
      (wire) => wire.request('health'),
      (wire) => wire.request('connect'),
      (wire) => {
        const from = wire.frames.length
        wire.send({ type: 'req', id: 'bad' })
        return wire.waitFor(({ type }) => type === 'res', 'the answer', from)
      },
    ]
    for (const other of others) {
      for (let at = 0; at < 10; at++) assert.equal((await patient.request('status')).error?.message, 'unauthorized role: node')
      await other(patient)
    }
    for (let at = 0; at < 10; at++) await patient.request('status')
    assert.equal((await patient.request('status')).error?.message, 'unauthorized role: node', 'the eleventh is still answered')
    assert.deepEqual(await patient.closed, { code: 1008, reason: 'repeated unauthorized calls' })
    await control.gateway.close()
  })

  test('§1.8 a client that was told to go is not served any more, though it stays', async () => {
    let served = 0
    const control = await bootControl({ methods: { health: { scope: null, handler: () => ++served } } })
    const device = createDevice()
    const raw = await rawUpgrade(control.url)
    assert.ok(await raw.connect({ token: control.token, device, role: 'node', scopes: [] }))
    for (let at = 0; at < 11; at++) await raw.request(String(at), 'status')
    assert.ok(await raw.seen('repeated unauthorized calls'))
    for (let at = 0; at < 20; at++) await raw.request(String(at), 'health')
    await raw.send(frameBytes(Buffer.from([0x03, 0xe8]), { opcode: 8 }))
    assert.ok(await raw.closes())
    assert.equal(served, 0)
    await control.gateway.close()
  })

  test('§1.8 a protocol that does not overlap with 3 closes with 1002', async () => {
    const control = await bootControl()
    for (const [minProtocol, maxProtocol, fits] of [
      [1, 9, true],
      [3, 3, true],
      [1, 3, true],
      [3, 4, true],
      [1, 2, false],
      [4, 9, false],
      [4, 1, false],
    ] as const) {
      const { wire, answer } = await connect(control.url, {
        token: control.token,
        device: createDevice(),
        params: { minProtocol, maxProtocol },
      })
      assert.equal(answer.ok, fits, `${minProtocol}..${maxProtocol}`)
      if (fits) {
        assert.equal(answer.payload.protocol, 3)
        await wire.close()
      } else {
        assert.deepEqual(answer.error, { code: 'INVALID_REQUEST', message: 'protocol mismatch', details: { expectedProtocol: 3 } })
        assert.deepEqual(await wire.closed, { code: 1002, reason: 'protocol mismatch' })
      }
    }
    await control.gateway.close()
  })
})
