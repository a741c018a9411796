import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRange } from '../../../plugins/usage/range.js'

const now = Date.parse('2026-03-01T23:30:00Z')

describe('days to report', () => {
  test('30 days that end today, unless they are told', () => {
    assert.deepEqual(readRange({}, now), { startDate: '2026-01-31', endDate: '2026-03-01', days: 30 })
    assert.deepEqual(readRange({ days: 1 }, now), { startDate: '2026-03-01', endDate: '2026-03-01', days: 1 })
    assert.deepEqual(readRange({ startDate: '2026-02-27' }, now), { startDate: '2026-02-27', endDate: '2026-03-01', days: 3 })
    assert.deepEqual(readRange({ startDate: '2024-02-28', days: 3 }, now), { startDate: '2024-02-28', endDate: '2024-03-01', days: 3 })
    assert.deepEqual(readRange({ endDate: '2026-01-02', days: 2 }, now), { startDate: '2026-01-01', endDate: '2026-01-02', days: 2 })
    assert.deepEqual(readRange({ startDate: '2026-01-01', endDate: '2026-01-31' }, now), {
      startDate: '2026-01-01',
      endDate: '2026-01-31',
      days: 31,
    })
  })

  test('the offset says which day is today', () => {
    const today = (utcOffset: string) => readRange({ days: 1, mode: 'specific', utcOffset }, now).endDate
    assert.deepEqual(['UTC+1', 'UTC+0:29', 'UTC+0:30', 'UTC-5', 'UTC-12:00'].map(today), [
      '2026-03-02',
      '2026-03-01',
      '2026-03-02',
      '2026-03-01',
      '2026-03-01',
    ])
    assert.match(readRange({ days: 1, mode: 'gateway' }, now).endDate, /^2026-03-0[12]$/)
  })

  test('what cannot be read is named', () => {
    for (const [params, message] of [
      [{ startDate: '2026-02-30' }, /invalid startDate/],
      [{ endDate: 'yesterday' }, /invalid endDate/],
      [{ startDate: '2026-03-02', endDate: '2026-03-01' }, /invalid startDate/],
      [{ days: 0 }, /invalid days/],
      [{ days: 401 }, /invalid days/],
      [{ days: '7' }, /invalid days/],
      [{ mode: 'moon' }, /invalid mode/],
      [{ mode: 'specific' }, /invalid utcOffset/],
      [{ mode: 'specific', utcOffset: 'UTC+15' }, /invalid utcOffset/],
    ] as const)
      assert.throws(() => readRange(params, now), message)
  })
})
