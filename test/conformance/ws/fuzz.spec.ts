import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, createDevice } from '../../support/operator.js'
import { pool } from '../../support/raw.js'
import { frameBytes, rawUpgrade } from '../../support/raw-frames.js'
import { seeded } from '../../support/random.js'

let control: Control
before(async () => {
  control = await bootControl({ config: { requestsPerSecond: 100_000, requestBurst: 200_000 } })
})
after(() => control.gateway.close())

const request = (method: string, params: unknown = {}) => JSON.stringify({ type: 'req', id: 'r', method, params })
const valid = [
  frameBytes(request('last-heartbeat')),
  frameBytes(request('system-presence', { a: [1, { b: null }], c: 'é😀' })),
  frameBytes(request('connect', { minProtocol: 3, maxProtocol: 3, client: { id: 'cli', mode: 'cli', version: '1', platform: 'linux' } })),
  frameBytes(request('node.list'), { opcode: 2 }),
  frameBytes(request('node.list', { padding: 'x'.repeat(200) })),
  frameBytes('ping', { opcode: 9 }),
  frameBytes('pong', { opcode: 10 }),
  Buffer.concat([frameBytes('{"type":', { fin: false }), frameBytes('', { opcode: 9 }), frameBytes('"req"}', { opcode: 0 })]),
]

function mutate(bytes: Buffer, random: () => number): Buffer {
  const at = (length: number) => Math.floor(random() * length)
  const mutated = Buffer.from(bytes)
  for (let count = 1 + at(3); count > 0; count--) {
    // Half of them hit the head, where a frame is most easily broken.
    const where = random() < 0.5 ? at(Math.min(14, mutated.length)) : at(mutated.length)
    mutated[where] = random() < 0.5 ? at(256) : (mutated[where] as number) ^ (1 << at(8))
  }
  return random() < 0.1 ? mutated.subarray(0, at(mutated.length)) : mutated
}

const faults = () => control.gateway.inspect().plugins.reduce((sum, plugin) => sum + plugin.faults.total, 0)
const isServing = async () => {
  const wire = await connectOperator(control.url, { token: control.token })
  assert.equal((await wire.request('last-heartbeat')).ok, true)
  await wire.close()
}

describe('fuzz', () => {
  test('T-DOS-06 10,000 broken frames, before and after authentication, break nothing but their own connections', async () => {
    const random = seeded(20_260)
    const device = createDevice()
    let left = 10_000
    const attack = async (authenticated: boolean) => {
      const raw = await rawUpgrade(control.url)
      if (authenticated) assert.ok(await raw.connect({ token: control.token, device }))
      for (let sent = 0; sent < 50 && left > 0 && !raw.isClosed; sent++, left--) {
        await raw.send(mutate(valid[Math.floor(random() * valid.length)] as Buffer, random))
        // The gateway runs in this process: let it read, and perhaps close, before the next one.
        await new Promise(setImmediate)
      }
      raw.destroy()
    }
    await pool([0, 1, 2, 3, 4, 5, 6, 7], 8, async (worker) => {
      for (let round = worker; left > 0; round++) {
        await attack(round % 2 === 1)
        if (round % 50 === 0) await isServing()
      }
    })
    await isServing()
    assert.equal(faults(), 0)
    assert.deepEqual(
      control.gateway.log.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('§1.3 5,000 broken messages of an authenticated client are ignored or answered, and its connection stays open', async () => {
    const random = seeded(7)
    const wire = await connectOperator(control.url, { token: control.token })
    const texts = [request('last-heartbeat'), request('system-presence', { a: [1, { b: null }] }), request('node.list')].map((text) =>
      Buffer.from(text),
    )
    for (let sent = 0; sent < 5_000; sent++) wire.send(mutate(texts[sent % texts.length] as Buffer, random))
    assert.equal((await wire.request('last-heartbeat', undefined, { id: 'good' })).ok, true)
    for (const frame of wire.frames) {
      assert.ok(['res', 'event'].includes(frame.type))
      if (frame.type === 'res' && !frame.ok) assert.equal(frame.error?.code, 'INVALID_REQUEST', JSON.stringify(frame))
    }
    await wire.close()
    assert.equal(faults(), 0)
  })
})
