import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { WebSocket } from 'ws'
import { raiseFrameLimit } from '../../../plugins/ws-protocol/frame-limit.js'
import { bootControl, type Control } from '../../support/control.js'
import { connect, connectOperator, connectParams, createDevice, openWire } from '../../support/operator.js'
import { frameBytes, rawUpgrade } from '../../support/raw-frames.js'

const preAuth = 65_536
const postAuth = 26_214_400

let control: Control
before(async () => {
  control = await bootControl({
    methods: { 'echo.length': { scope: null, handler: ({ params }) => (params as { text: string }).text.length } },
  })
})
after(() => control.gateway.close())

/** A `connect` whose frame has this many bytes. */
async function paddedConnect(bytes: number) {
  const wire = await openWire(control.url)
  const { payload } = await wire.event('connect.challenge')
  const params = connectParams(payload.nonce, { device: createDevice(), token: control.token })
  const frame = (userAgent: string) => JSON.stringify({ type: 'req', id: 'c', method: 'connect', params: { ...params, userAgent } })
  wire.send(frame('x'.repeat(bytes - frame('').length)))
  return wire
}

const request = (text: string) => JSON.stringify({ type: 'req', id: 'big', method: 'echo.length', params: { text } })
/** A request whose frame has this many bytes. */
const paddedRequest = (bytes: number) => request('x'.repeat(bytes - request('').length))

describe('limits', () => {
  test('T-DOS-06 §1.2 before authentication exactly 65,536 bytes pass, one more closes with 1009 and no answer', async () => {
    const fits = await paddedConnect(preAuth)
    assert.equal((await fits.waitFor<any>((frame) => frame.type === 'res', 'hello-ok')).payload.type, 'hello-ok')
    await fits.close()
    const tooLong = await paddedConnect(preAuth + 1)
    assert.deepEqual(await tooLong.closed, { code: 1009, reason: '' })
    assert.deepEqual(
      tooLong.frames.map(({ type }) => type),
      ['event'],
    )
  })

  test('T-DOS-06 §1.2 the length field alone decides, before anything arrives; fragments add up', async () => {
    for (const opcode of [1, 2]) {
      const claims = await rawUpgrade(control.url)
      await claims.send(frameBytes('', { opcode, claimedBytes: 2 ** 40 }))
      assert.ok(await claims.closes())
      assert.equal(claims.closeCode(), 1009)
    }
    const pieces = await rawUpgrade(control.url)
    await pieces.send(frameBytes('x'.repeat(40_000), { fin: false }))
    await pieces.send(frameBytes('', { opcode: 0, claimedBytes: 25_537 }))
    assert.ok(await pieces.closes())
    assert.equal(pieces.closeCode(), 1009)
  })

  test('T-DOS-06 §1.2 after it 200 KiB and exactly 25 MiB pass, one byte more closes with 1009', async () => {
    const wire = await connectOperator(control.url, { token: control.token })
    assert.equal(wire.hello.policy.maxPayload, postAuth)
    for (const bytes of [200 * 1_024, postAuth]) {
      const from = wire.frames.length
      wire.send(paddedRequest(bytes))
      const answer = await wire.waitFor<any>((frame) => frame.type === 'res' && frame.id === 'big', 'the answer', from)
      assert.equal(answer.payload, bytes - request('').length)
    }
    wire.send(paddedRequest(postAuth + 1))
    assert.deepEqual(await wire.closed, { code: 1009, reason: '' })
  })

  test('T-DOS-06 §1.2 a message has at most 1,024 fragments; the next closes with 1008', async () => {
    for (const fragments of [1_024, 1_025]) {
      const wire = await connectOperator(control.url, { token: control.token })
      const text = JSON.stringify({ type: 'req', id: 'pieces', method: 'last-heartbeat' }).padEnd(fragments, ' ')
      for (let at = 0; at < fragments; at++)
        wire.socket.send(text.slice(at, at === fragments - 1 ? undefined : at + 1), { fin: at === fragments - 1 })
      if (fragments === 1_025) assert.equal((await wire.closed).code, 1008)
      else {
        await wire.waitFor((frame) => frame.type === 'res' && frame.id === 'pieces', 'the answer')
        await wire.close()
      }
    }
  })

  test('T-DOS-06 §1.2 the frame limit is raised where this exact version of `ws` keeps it, and nowhere else', () => {
    const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    const { version } = JSON.parse(readFileSync(new URL('../../../node_modules/ws/package.json', import.meta.url), 'utf8'))
    assert.deepEqual([devDependencies.ws, version], ['8.23.0', '8.23.0'])
    for (const receiver of [undefined, {}, { _maxPayload: 1 }, { maxPayload: preAuth }])
      assert.throws(() => raiseFrameLimit({ _receiver: receiver } as unknown as WebSocket), /keeps its frame limit elsewhere/)
  })

  test('§1.2 §1.8 a close reason has at most 120 bytes and no half characters', async () => {
    for (const [id, tail] of [
      ['a'.repeat(500), /^invalid connect params: at \/client: unexpected property 'a+$/],
      ['é'.repeat(500), /é$/],
      ['€'.repeat(500), /€$/],
      ['😀'.repeat(500), /😀$/u],
    ] as const) {
      const { wire, answer } = await connect(control.url, { client: { [id]: 1 } })
      const { code, reason } = await wire.closed
      assert.equal(code, 1008)
      assert.ok(Buffer.byteLength(reason) <= 120 && Buffer.byteLength(reason) > 116, `${Buffer.byteLength(reason)} bytes`)
      assert.ok(answer.error?.message.startsWith(reason))
      assert.match(reason, tail)
    }
  })

  test('§1.2 more connections than `maxConnections` are closed with 1013', async () => {
    const small = await bootControl({ config: { maxConnections: 16 } })
    const wires = await Promise.all(Array.from({ length: 16 }, () => connectOperator(small.url, { token: small.token })))
    const more = await openWire(small.url)
    assert.deepEqual(await more.closed, { code: 1013, reason: 'too many connections' })
    await wires[0]?.close()
    await (await connectOperator(small.url, { token: small.token })).close()
    await small.gateway.close()
  })

  test('§1.2 a close of the client is answered with its code', async () => {
    const raw = await rawUpgrade(control.url)
    assert.ok(await raw.connect({ device: createDevice(), token: control.token }))
    await raw.send(frameBytes(Buffer.from([0x0f, 0xa0]), { opcode: 8 }))
    await once(raw.socket, 'end')
    assert.equal(raw.closeCode(), 4000)
  })
})
