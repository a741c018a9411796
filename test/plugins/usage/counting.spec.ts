import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, test } from 'node:test'
import type { Principal } from 'openclaw/plugin'
import { openDatabase } from '../../../plugins/store/open.js'
import { add, dayOf, migrations } from '../../../plugins/usage/rows.js'
import { atOnce, type Booted, bootUsage, charge, keyNamed, newState, unpriced, usageOf } from './boot.js'

const booted = async (t: { after(undo: () => Promise<void>): void }, state?: string): Promise<Booted> => {
  const gateway = await bootUsage(state)
  t.after(() => gateway.close())
  return gateway
}
const dayMs = 86_400_000
const operator: Principal = { kind: 'operator', id: 'operator', scopes: '*' }
const named = (rows: any[], ...fields: string[]) => rows.map((row) => fields.map((field) => row[field]))

describe('counting', () => {
  test('calls are counted by day, key, agent and model, once each', async (t) => {
    const gateway = await booted(t)
    const spend = (change: object, ...usage: Parameters<typeof usageOf>) =>
      atOnce(gateway.ledger.reserve(charge(change))).settle(usageOf(...usage), true)
    spend({}, 1_000, 100)
    spend({}, 1_000, 100, 400)
    spend({ principal: keyNamed('two'), agent: 'other' }, 10, 1)
    spend({ principal: operator, model: unpriced }, 7, 3)
    spend({ principal: undefined }, 1, 1)
    const twice = atOnce(gateway.ledger.reserve(charge({ principal: operator })))
    twice.settle(usageOf(1, 1), true)
    twice.settle(usageOf(1, 1), true)
    const report = (by: string) => gateway.operator.call('usage.report', { by })
    assert.deepEqual(named((await report('key')).rows, 'kind', 'id', 'requests', 'input', 'cacheRead', 'output'), [
      ['key', 'one', 2, 1_600, 400, 200],
      ['key', 'two', 1, 10, 0, 1],
      ['operator', 'operator', 2, 8, 0, 4],
      ['gateway', 'gateway', 1, 1, 0, 1],
    ])
    assert.deepEqual(named((await report('agent')).rows, 'agent', 'requests'), [
      ['main', 5],
      ['other', 1],
    ])
    assert.deepEqual(named((await report('model')).rows, 'provider', 'model', 'requests', 'missingCostEntries'), [
      ['fake', 'fake/priced', 5, 0],
      ['fake', 'fake/unpriced', 1, 1],
    ])
    const { rows, totals, days } = await report('day')
    assert.deepEqual([days, named(rows, 'date', 'requests')], [30, [[dayOf(Date.now()), 6]]])
    assert.deepEqual([totals.requests, totals.input, totals.totalTokens], [6, 1_619, 1_619 + 400 + 206])
  })

  test('usage.cost has the members that clients know, in dollars', async (t) => {
    const { ledger, operator } = await booted(t)
    atOnce(ledger.reserve(charge())).settle(usageOf(1_000_000, 100_000, 400_000), true)
    const { updatedAt, ...answer } = await operator.call('usage.cost', { days: 7, somethingOfTheirOwn: true })
    const totals = {
      input: 600_000,
      output: 100_000,
      cacheRead: 400_000,
      cacheWrite: 0,
      totalTokens: 1_100_000,
      totalCost: 1.64,
      inputCost: 0.6,
      outputCost: 1,
      cacheReadCost: 0.04,
      cacheWriteCost: 0,
      missingCostEntries: 0,
    }
    assert.ok(Math.abs(Date.now() - updatedAt) < 60_000)
    assert.deepEqual(answer, { days: 7, daily: [{ ...totals, date: dayOf(Date.now()) }], totals })
    assert.deepEqual((await operator.call('usage.status')).providers, [])
    await assert.rejects(operator.call('usage.cost', { days: 'all' }), /INVALID_REQUEST: invalid days/)
  })

  test('a call that was not made is not counted, one that ended badly is, without a cost', async (t) => {
    const { ledger, operator } = await booted(t)
    atOnce(ledger.reserve(charge())).settle(undefined, false)
    atOnce(ledger.reserve(charge())).settle(undefined, true)
    const { totals } = await operator.call('usage.report', {})
    assert.deepEqual([totals.requests, totals.totalCost, totals.missingCostEntries], [1, 0, 1])
  })

  test('what was counted outlives a reload and the gateway', async () => {
    const state = await newState()
    const first = await bootUsage(state)
    const { ledger } = first
    const open = atOnce(ledger.reserve(charge()))
    atOnce(ledger.reserve(charge())).settle(usageOf(5, 5), true)
    await first.replace()
    open.settle(usageOf(6, 6), true)
    atOnce(first.ledger.reserve(charge())).settle(usageOf(7, 7), true)
    await first.close()
    const second = await bootUsage(state)
    try {
      const { totals } = await second.operator.call('usage.report', {})
      assert.deepEqual([totals.requests, totals.input], [3, 18])
    } finally {
      await second.close()
    }
  })

  test('a gateway that nobody uses has no database', async (t) => {
    const state = await newState()
    const { operator } = await booted(t, state)
    assert.deepEqual((await operator.call('usage.limits', {})).limits, [])
    assert.deepEqual(
      (await readdir(state)).filter((name) => name.startsWith('usage')),
      [],
    )
  })

  test('rows older than 400 days are folded, and what they cost in all stays known', async (t) => {
    const state = await newState()
    const silent = () => undefined
    const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent }
    const database = await openDatabase({ name: 'usage', migrations }, state, () => log)
    const now = Date.now()
    const tally = {
      requests: 1,
      input: 10,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
      inputNanos: 1e9,
      outputNanos: 0,
      cacheReadNanos: 0,
      cacheWriteNanos: 0,
      missing: 0,
    }
    await database.write((sql) => {
      for (const daysAgo of [3_000, 402, 401, 399, 0])
        add(sql, { kind: 'key', id: 'one', day: dayOf(now - daysAgo * dayMs), agent: 'main', provider: 'fake', model: 'fake/m' }, tally)
    })
    database.close()
    const gateway = await booted(t, state)
    gateway.limits.set('one', { dollars: 5.5, since: 0 })
    const { limits } = await gateway.operator.call('usage.limits', {})
    assert.deepEqual(limits, [{ kind: 'key', id: 'one', limitUsd: 5.5, spentUsd: 5, reservedUsd: 0 }])
    const all = await gateway.operator.call('usage.report', { by: 'day', startDate: '1970-01-01' })
    assert.deepEqual(named(all.rows, 'date', 'requests'), [
      ['1970-01-01', 3],
      [dayOf(now - 399 * dayMs), 1],
      [dayOf(now), 1],
    ])
  })
})
