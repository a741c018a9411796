import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootControl } from '../../support/control.js'
import { connectOperator, connectParams, createDevice, openWire } from '../../support/operator.js'
import { frameBytes, rawUpgrade } from '../../support/raw-frames.js'

const ticksOf = (frames: readonly { type: string; event?: string }[]) => frames.filter(({ event }) => event === 'tick')

describe('liveness', { concurrency: true }, () => {
  test('§1.4 §10 `tick` comes to every authenticated connection each `policy.tickIntervalMs`, also when reloads come more often', async () => {
    const control = await bootControl({ config: { tickIntervalMs: 1_000 } })
    const first = await connectOperator(control.url, { token: control.token })
    const node = await connectOperator(control.url, { token: control.token, role: 'node', scopes: [] })
    const early = await openWire(control.url)
    let pings = 0
    for (const wire of [first, node, early]) wire.socket.on('ping', () => pings++)
    assert.equal(first.hello.policy.tickIntervalMs, 1_000)
    let enough = false
    const reloads = (async () => {
      for (let round = 0; !enough; round++) {
        await new Promise((resolve) => setTimeout(resolve, 250))
        await control.reload({ methods: { [`round.${round}`]: { scope: null, handler: () => round } } })
      }
    })()
    const tick = await first.event('tick')
    assert.equal(typeof tick.payload.ts, 'number')
    assert.deepEqual(Object.keys(tick), ['type', 'event', 'payload', 'seq'])
    assert.deepEqual(await node.event('tick'), tick)
    const second = await first.event('tick', ({ ts }) => ts > tick.payload.ts)
    const apartMs = second.payload.ts - tick.payload.ts
    assert.ok(apartMs >= 900 && apartMs < 1_900, `${apartMs} ms between two ticks`)
    enough = true
    await reloads
    assert.equal(ticksOf(early.frames).length, 0, 'none before authentication')
    assert.equal(pings, 0, '§1.1 and no ping of the protocol')
    await control.gateway.close()
  })

  test('§1.4 an interval that a reload changes applies at once', async () => {
    const control = await bootControl()
    const wire = await connectOperator(control.url, { token: control.token })
    assert.equal(wire.hello.policy.tickIntervalMs, 30_000)
    await control.reload({ config: { tickIntervalMs: 1_000 } })
    await wire.event('tick')
    const later = await connectOperator(control.url, { token: control.token })
    assert.equal(later.hello.policy.tickIntervalMs, 1_000)
    await control.gateway.close()
  })
})

describe('the handshake timeout', () => {
  test('T-DOS-05 §1.2 silence, pings alone, half a frame and fragments without end are closed with 1000 and nothing else', async () => {
    const control = await bootControl({ config: { handshakeTimeoutMs: 1_000 } })
    const ways: Record<string, (raw: Awaited<ReturnType<typeof rawUpgrade>>) => Promise<unknown> | undefined> = {
      silence: () => undefined,
      pings: (raw) => raw.send(frameBytes('', { opcode: 9 })),
      'half a frame': (raw) => raw.send(frameBytes('{"type":"req"', { claimedBytes: 1_000 })),
      fragments: (raw) => raw.send(frameBytes(' ', { fin: false })),
    }
    await Promise.all(
      Object.entries(ways).map(async ([name, say]) => {
        const raw = await rawUpgrade(control.url)
        await raw.seen('connect.challenge')
        await say(raw)
        const again = setInterval(() => void (name === 'pings' && say(raw)), 100)
        assert.ok(await raw.seen('\x88'), `${name}: was closed`)
        clearInterval(again)
        assert.equal(raw.closeCode(), 1000, name)
        assert.equal(raw.text().match(/"type":/g)?.length, 1, `${name}: the challenge, and nothing else`)
        raw.destroy()
      }),
    )
    await control.gateway.close()
  })

  test('T-DOS-05 what is no `connect` does not wait for the timeout', async () => {
    const control = await bootControl()
    for (const [message, code] of [
      ['{"type":"req","id":"1","method":"health"}', 1008],
      [Buffer.from('{"type":"req","id":"1","method":"health"}'), 1008],
      [Buffer.from([0, 1, 2, 3]), 1000],
    ] as const) {
      const wire = await openWire(control.url)
      wire.send(message)
      assert.equal((await wire.closed).code, code)
    }
    await control.gateway.close()
  })

  test('T-DOS-05 the gateway’s own delay does not count: 50 clients connect after it was busy for longer than the timeout', async () => {
    const control = await bootControl({ config: { handshakeTimeoutMs: 1_000 } })
    const wires = await Promise.all(Array.from({ length: 50 }, () => openWire(control.url)))
    const until = performance.now() + 1_300
    while (performance.now() < until);
    const answers = await Promise.all(
      wires.map(async (wire) => {
        const { payload } = await wire.event('connect.challenge')
        return wire.request('connect', connectParams(payload.nonce, { device: createDevice(), token: control.token }))
      }),
    )
    assert.ok(answers.every(({ ok }) => ok))
    await control.gateway.close()
  })
})
