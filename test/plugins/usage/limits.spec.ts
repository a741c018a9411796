import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import type { GatewayError } from 'openclaw/plugin'
import type { Reservation } from '../../../plugins/contracts/ledger.js'
import { openDatabase } from '../../../plugins/store/open.js'
import { migrations } from '../../../plugins/usage/rows.js'
import { atOnce, type Booted, bootUsage, charge, keyNamed, newState, unpriced, usageOf } from './boot.js'

const booted = async (t: { after(undo: () => Promise<void>): void }, state?: string): Promise<Booted> => {
  const gateway = await bootUsage(state)
  t.after(() => gateway.close())
  return gateway
}
const spentBy = async ({ operator }: Booted, id = 'one') => {
  const { limits } = await operator.call('usage.limits', {})
  const { spentUsd, reservedUsd } = limits.find((limit: { id: string }) => limit.id === id)
  return { spentUsd, reservedUsd }
}
const exceeded = ({ code }: GatewayError) => code === 'spend_limit_exceeded'

describe('spend limits', () => {
  test('of 50 calls at once exactly those pass whose highest cost fits', async (t) => {
    const gateway = await booted(t, await newState())
    gateway.limits.set('one', { dollars: 0.07, since: 0 })
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, async () => gateway.ledger.reserve(charge())))
    const passed = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.deepEqual([passed.length, refused.length], [7, 43])
    assert.ok(refused.every(({ reason }) => exceeded(reason)))
    assert.match(refused[0]?.reason.message, /\$0\.000000 of \$0\.07 spent and \$0\.07 set aside.*may cost up to \$0\.01/)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0, reservedUsd: 0.07 })
  })

  test('settling frees what was not needed, and a call that was not made costs nothing', async (t) => {
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 0.02, since: 0 })
    const [first, second] = [await gateway.ledger.reserve(charge()), await gateway.ledger.reserve(charge())]
    await assert.rejects(async () => gateway.ledger.reserve(charge()), exceeded)
    first.settle(usageOf(0, 100), true)
    second.settle(undefined, false)
    second.settle(usageOf(0, 1_000_000), true)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.001, reservedUsd: 0 })
    ;(await gateway.ledger.reserve(charge({ maxTokens: 1_900 }))).settle(undefined, true)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.02, reservedUsd: 0 }, 'an unknown cost is the highest')
    await assert.rejects(async () => gateway.ledger.reserve(charge({ maxTokens: 1 })), exceeded)
  })

  test('a call that cost more than was set aside counts in full', async (t) => {
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 0.02, since: 0 })
    ;(await gateway.ledger.reserve(charge())).settle(usageOf(0, 5_000), true)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.05, reservedUsd: 0 })
    await assert.rejects(async () => gateway.ledger.reserve(charge({ maxTokens: 1 })), exceeded)
  })

  test('what was spent before there was a limit counts, and each key has its own', async (t) => {
    const gateway = await booted(t)
    atOnce(gateway.ledger.reserve(charge())).settle(usageOf(0, 1_500), true)
    gateway.limits.set('one', { dollars: 0.02, since: 0 })
    gateway.limits.set('two', { dollars: 0.02, since: 0 })
    await assert.rejects(async () => gateway.ledger.reserve(charge()), exceeded)
    await gateway.ledger.reserve(charge({ principal: keyNamed('two') }))
    gateway.limits.set('one', { dollars: 0.03, since: 0 })
    await gateway.ledger.reserve(charge())
  })

  test('a daily limit is whole again on the next day, and a call of yesterday is settled there', async (t) => {
    const midnight = Date.parse('2026-05-01T00:00:00Z')
    mock.timers.enable({ apis: ['Date'], now: midnight - 60_000 })
    t.after(() => mock.timers.reset())
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 0.01, since: midnight - 86_400_000, until: midnight })
    const late = await gateway.ledger.reserve(charge())
    const refused = await Promise.resolve(gateway.ledger.reserve(charge())).catch((error: Error) => error)
    assert.match((refused as Error).message, /It is renewed at 2026-05-01T00:00:00\.000Z/)
    mock.timers.setTime(midnight)
    gateway.limits.set('one', { dollars: 0.01, since: midnight, until: midnight + 86_400_000 })
    const today = await gateway.ledger.reserve(charge())
    late.settle(usageOf(0, 1_000), true)
    today.settle(usageOf(0, 500), true)
    const { rows } = await gateway.operator.call('usage.report', { by: 'day', days: 2 })
    assert.deepEqual(
      rows.map(({ date, totalCost }: { date: string; totalCost: number }) => [date, totalCost]),
      [
        ['2026-04-30', 0.01],
        ['2026-05-01', 0.005],
      ],
    )
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.005, reservedUsd: 0 })
  })

  test('a model without a price cannot be used by somebody with a limit', async (t) => {
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 10, since: 0 })
    await assert.rejects(
      async () => gateway.ledger.reserve(charge({ model: unpriced })),
      ({ code, message }: GatewayError) => code === 'model_cost_unknown' && message.includes('models.providers.fake.models[].cost'),
    )
    atOnce(gateway.ledger.reserve(charge({ model: unpriced, principal: keyNamed('two') }))).settle(undefined, false)
  })

  test('a model that costs nothing can be used while the limit is not passed', async (t) => {
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 0.01, since: 0 })
    const free = charge({ model: { ...unpriced, cost: { input: 0, output: 0 } } })
    await gateway.ledger.reserve(charge())
    ;(await gateway.ledger.reserve(free)).settle(usageOf(10, 10), true)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0, reservedUsd: 0.01 })
  })

  test('money set aside passes to a successor by a reload, and its call settles there', async (t) => {
    const gateway = await booted(t)
    gateway.limits.set('one', { dollars: 0.01, since: 0 })
    const open = await gateway.ledger.reserve(charge())
    await gateway.replace()
    await assert.rejects(async () => gateway.ledger.reserve(charge()), exceeded)
    open.settle(usageOf(0, 100), true)
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.001, reservedUsd: 0 })
  })

  test('what was set aside and never settled counts as spent after a restart, and only once', async () => {
    const state = await newState()
    const first = await bootUsage(state)
    first.limits.set('one', { dollars: 0.03, since: 0 })
    const calls: Reservation[] = []
    for (let i = 0; i < 2; i++) calls.push(await first.ledger.reserve(charge()))
    await first.close()
    const second = await bootUsage(state)
    try {
      second.limits.set('one', { dollars: 0.03, since: 0 })
      assert.deepEqual(await spentBy(second), { spentUsd: 0.02, reservedUsd: 0 })
      await second.ledger.reserve(charge())
      await assert.rejects(async () => second.ledger.reserve(charge({ maxTokens: 1 })), exceeded)
      const { totals } = await second.operator.call('usage.report', {})
      assert.deepEqual([totals.requests, totals.missingCostEntries], [2, 2])
      assert.ok(second.gateway.log.some(({ message }) => /2 calls were under way/.test(message)))
    } finally {
      await second.close()
    }
  })

  test('while the disk refuses nobody with a limit gets a call, and statistics wait for it', async (t) => {
    const state = await newState()
    const gateway = await booted(t, state)
    gateway.limits.set('one', { dollars: 1, since: 0 })
    const before = await gateway.ledger.reserve(charge())
    const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} }
    const other = await openDatabase({ name: 'usage', migrations }, state, () => log)
    // Somebody else holds the file for longer than the store waits.
    other.sql('BEGIN IMMEDIATE').run()
    before.settle(usageOf(0, 100), true)
    atOnce(gateway.ledger.reserve(charge({ principal: keyNamed('two') }))).settle(usageOf(3, 0), true)
    await assert.rejects(
      async () => gateway.ledger.reserve(charge()),
      ({ code, retryAfterS }: GatewayError) => code === 'plugin_unavailable' && retryAfterS === 5,
    )
    other.sql('ROLLBACK').run()
    other.close()
    assert.deepEqual(await spentBy(gateway), { spentUsd: 0.001, reservedUsd: 0 })
    const { rows } = await gateway.operator.call('usage.report', { by: 'key' })
    assert.deepEqual(
      rows.map(({ id, requests }: { id: string; requests: number }) => [id, requests]),
      [
        ['one', 1],
        ['two', 1],
      ],
    )
  })
})
