import type { Sql } from '../contracts/store.js'
import { nanosPerDollar } from './price.js'
import type { Range } from './range.js'
import { sums, type Tally } from './rows.js'

/** What something used. Costs are in US dollars; entries whose cost nobody knows are counted in `missingCostEntries`. */
export interface Totals {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly totalTokens: number
  readonly totalCost: number
  readonly inputCost: number
  readonly outputCost: number
  readonly cacheReadCost: number
  readonly cacheWriteCost: number
  readonly missingCostEntries: number
}

/** What rows can be grouped by. `key`: whoever asked, keys or not. */
export const groups = {
  day: 'day AS "date"',
  key: 'kind, id',
  agent: 'agent',
  model: 'provider, model',
} as const
export type GroupBy = keyof typeof groups

export type Group = Totals & {
  readonly requests: number
  readonly date?: string
  readonly kind?: string
  readonly id?: string
  readonly agent?: string
  readonly provider?: string
  readonly model?: string
}

export interface Report extends Range {
  readonly by: GroupBy
  readonly rows: readonly Group[]
  readonly totals: Totals & { readonly requests: number }
}

const totalsOf = (tally: Tally): Totals => {
  const { input, output, cacheRead, cacheWrite, inputNanos, outputNanos, cacheReadNanos, cacheWriteNanos, missing } = tally
  return {
    input,
    output,
    cacheRead,
    cacheWrite,
    totalTokens: input + output + cacheRead + cacheWrite,
    totalCost: (inputNanos + outputNanos + cacheReadNanos + cacheWriteNanos) / nanosPerDollar,
    inputCost: inputNanos / nanosPerDollar,
    outputCost: outputNanos / nanosPerDollar,
    cacheReadCost: cacheReadNanos / nanosPerDollar,
    cacheWriteCost: cacheWriteNanos / nanosPerDollar,
    missingCostEntries: missing,
  }
}
const withRequests = (tally: Tally) => ({ requests: tally.requests, ...totalsOf(tally) })

type Row = Tally & Readonly<Record<string, any>>
const inRange = 'FROM usage WHERE day >= ? AND day <= ?'
const cost = 'SUM(input_nanos + output_nanos + cache_read_nanos + cache_write_nanos)'

/** Days in their order, anything else by its cost, highest first. */
function rowsBy(sql: Sql, by: GroupBy, { startDate, endDate }: Range): Row[] {
  const [columns, order] = by === 'day' ? ['day', 'day'] : [groups[by], `${cost} DESC, SUM(requests) DESC`]
  return sql(`SELECT ${groups[by]}, ${sums} ${inRange} GROUP BY ${columns} ORDER BY ${order}`).all(startDate, endDate)
}

const totalOf = (sql: Sql, { startDate, endDate }: Range): Tally => sql(`SELECT ${sums} ${inRange}`).get(startDate, endDate)

const names = ['date', 'kind', 'id', 'agent', 'provider', 'model']

export function report(sql: Sql, by: GroupBy, range: Range): Report {
  const rows = rowsBy(sql, by, range).map((row) => ({
    ...Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]])),
    ...withRequests(row),
  }))
  return { ...range, by, rows, totals: withRequests(totalOf(sql, range)) }
}

/** The same by day, in the form that clients know. */
export function costs(sql: Sql, range: Range): { days: number; daily: (Totals & { date: string })[]; totals: Totals } {
  const daily = rowsBy(sql, 'day', range).map((row) => ({ ...totalsOf(row), date: row['date'] as string }))
  return { days: range.days, daily, totals: totalsOf(totalOf(sql, range)) }
}
