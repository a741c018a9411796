import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, type Event, type Wire } from '../../support/operator.js'

const events = {
  open: {},
  read: { scope: 'operator.read' },
  write: { scope: 'operator.write' },
  approvals: { scope: 'operator.approvals' },
  pairing: { scope: 'operator.pairing' },
  'presence-like': { version: 'presence' },
  'health-like': { version: 'health' },
} as const

const operator = (control: Control, scopes?: readonly string[], role = 'operator') =>
  connectOperator(control.url, { token: control.token, role, ...(scopes && { scopes }), client: { mode: 'cli' } })
const heard = (wire: Wire) => wire.frames.filter((frame): frame is Event => frame.type === 'event' && frame.event !== 'connect.challenge')
const names = (wire: Wire) => heard(wire).map(({ event }) => event)
const seqs = (wire: Wire) => heard(wire).flatMap(({ seq }) => (seq === undefined ? [] : [seq]))

describe('broadcasting', () => {
  test('§1.5 `seq` begins at 1, counts broadcasts, and nothing while nobody is connected', async () => {
    const control = await bootControl({ events })
    for (let round = 0; round < 5; round++) control.publish('open', { round })
    const first = await operator(control)
    control.publish('open', { round: 'a' })
    assert.deepEqual(await first.event('open'), { type: 'event', event: 'open', payload: { round: 'a' }, seq: 1 })
    await first.close()
    const second = await operator(control)
    control.publish('open', { round: 'b' })
    assert.equal((await second.event('open')).seq, 2, 'a client that comes later goes on where the count is')
    await control.gateway.close()
  })

  test('§1.5 §10 `seq` stays contiguous for every client: targeted events carry none, and guarded ones only if everybody hears them', async () => {
    const control = await bootControl({ events })
    const all = await operator(control)
    const some = await operator(control, ['operator.read'])
    const node = await operator(control, [], 'node')
    const wires = [all, some, node]
    const connId = some.hello.server.connId as string
    control.publish('open', 1)
    control.publish('read', 2)
    control.publish('pairing', 3)
    control.publish('open', 4, new Set([connId]))
    control.publish('read', 5, new Set([connId, node.hello.server.connId]))
    control.publish('open', 6, new Set(['nobody']))
    control.publish('open', 'last')
    for (const wire of wires) await wire.event('open', (payload) => payload === 'last')
    for (const wire of wires) assert.deepEqual(seqs(wire), [1, 2])
    const payloads = (wire: Wire) => heard(wire).map(({ payload }) => payload)
    assert.deepEqual(payloads(all), [1, 2, 3, 'last'])
    assert.deepEqual(payloads(some), [1, 2, 4, 5, 'last'])
    assert.deepEqual(payloads(node), [1, 'last'])
    assert.ok(
      heard(all).every((event) => event.event === 'open' || !('seq' in event)),
      'no `seq` key at all',
    )
    await Promise.all([some.close(), node.close()])
    control.publish('pairing', 'everybody')
    assert.equal((await all.event('pairing', (payload) => payload === 'everybody')).seq, 3)
    await control.gateway.close()
  })

  test('§1.5 §7.1 an event with a scope reaches operators that hold it, or one that implies it, and no node', async () => {
    const control = await bootControl({ events })
    const expected: [role: string, scopes: string[], hears: string[]][] = [
      ['operator', [], []],
      ['operator', ['operator.read'], ['read']],
      ['operator', ['operator.write'], ['read', 'write']],
      ['operator', ['operator.approvals'], ['approvals']],
      ['operator', ['operator.pairing'], ['pairing']],
      ['operator', ['operator.admin'], ['read', 'write', 'approvals', 'pairing']],
      ['operator', ['operator.talk.secrets', 'operator', '*', 'read'], []],
      ['node', [], []],
      ['node', ['operator.admin', 'operator.read'], []],
    ]
    const wires = await Promise.all(expected.map(([role, scopes]) => operator(control, scopes, role)))
    for (const name of ['read', 'write', 'approvals', 'pairing', 'open']) control.publish(name, {})
    for (const [at, wire] of wires.entries()) {
      await wire.event('open')
      assert.deepEqual(names(wire), [...(expected[at]?.[2] ?? []), 'open'], JSON.stringify(expected[at]))
    }
    await control.gateway.close()
  })

  test('§1.5 `stateVersion` goes along with presence and health alone, and counts on while nobody listens', async () => {
    const control = await bootControl({ events })
    const before = await operator(control)
    assert.deepEqual(before.hello.snapshot.stateVersion, { presence: 1, health: 1 })
    control.publish('presence-like', {})
    control.publish('health-like', {})
    control.publish('open', {})
    assert.deepEqual((await before.event('presence-like')).stateVersion, { presence: 2, health: 1 })
    const health = await before.event('health-like')
    assert.deepEqual(health.stateVersion, { presence: 2, health: 2 })
    assert.deepEqual(Object.keys(health), ['type', 'event', 'payload', 'seq', 'stateVersion'])
    assert.ok(!('stateVersion' in (await before.event('open'))))
    await before.close()
    control.publish('health-like', {})
    const after = await operator(control)
    assert.deepEqual(after.hello.snapshot.stateVersion, { presence: 2, health: 3 })
    await control.gateway.close()
  })

  test('§1.5 a broadcast is serialised once, however many hear it', async () => {
    const control = await bootControl({ events })
    const wires = await Promise.all(Array.from({ length: 5 }, () => operator(control)))
    let serialised = 0
    const payload = { toJSON: () => ++serialised }
    control.publish('open', payload)
    for (const wire of wires) assert.equal((await wire.event('open')).payload, 1)
    assert.equal(serialised, 1)
    await control.gateway.close()
  })

  test('§2.12 an event that no plugin declared is not sent, and said so in the log', async () => {
    const control = await bootControl({ events })
    const wire = await operator(control)
    control.publish('undeclared', {})
    control.publish('open', {})
    await wire.event('open')
    assert.deepEqual(names(wire), ['open'])
    assert.ok(control.gateway.log.some(({ level, message }) => level === 'warn' && message.includes('"undeclared"')))
    await control.gateway.close()
  })

  test('§1.5 events come in the order in which they were published, targeted ones among them', async () => {
    const control = await bootControl({ events })
    const wire = await operator(control)
    const only = new Set([wire.hello.server.connId as string])
    for (let at = 0; at < 500; at++) control.publish('open', at, at % 3 === 0 ? only : undefined)
    await wire.event('open', (payload) => payload === 499)
    assert.deepEqual(
      heard(wire).map(({ payload }) => payload),
      Array.from({ length: 500 }, (_, at) => at),
    )
    await control.gateway.close()
  })
})
