import type { Sql } from '../contracts/store.js'
import type { Cost } from './price.js'

/** Whose use it is, of what, on which day of UTC. */
export interface Account {
  readonly kind: string
  readonly id: string
  /** `YYYY-MM-DD`. */
  readonly day: string
  readonly agent: string
  readonly provider: string
  /** Public id of the model. */
  readonly model: string
}

/** Sums of an account. */
export type Tally = { -readonly [Field in keyof Cost]: number } & { requests: number }

/** Money set aside for a call that is not over. */
export interface Held extends Account {
  readonly inputNanos: number
  readonly outputNanos: number
}

/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [
  `
  -- Money is in billionths of a dollar.
  CREATE TABLE usage (
    kind TEXT NOT NULL, id TEXT NOT NULL, day TEXT NOT NULL, agent TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    requests INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    input_nanos INTEGER NOT NULL, output_nanos INTEGER NOT NULL, cache_read_nanos INTEGER NOT NULL, cache_write_nanos INTEGER NOT NULL,
    missing INTEGER NOT NULL, PRIMARY KEY (kind, id, day, agent, provider, model)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_by_day ON usage (day);

  -- Calls under way of those who have a limit.
  CREATE TABLE reservations (
    reservation INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, day TEXT NOT NULL, agent TEXT NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, input_nanos INTEGER NOT NULL, output_nanos INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX reservations_by_principal ON reservations (kind, id);
  `,
]

/** Rows older than this are one row a principal. */
export const keptDays = 400
const dayMs = 86_400_000
/** The day of what is older: before any real one. */
const longAgo = '1970-01-01'

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const fields = [
  'requests',
  'input',
  'output',
  'cache_read',
  'cache_write',
  'input_nanos',
  'output_nanos',
  'cache_read_nanos',
  'cache_write_nanos',
  'missing',
]
const account = 'kind, id, day, agent, provider, model'
const summed = `ON CONFLICT DO UPDATE SET ${fields.map((field) => `${field} = ${field} + excluded.${field}`).join(', ')}`
/** Sums of some rows, named as in `Tally`. */
export const sums = fields
  .map((field) => `COALESCE(SUM(${field}), 0) AS "${field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())}"`)
  .join(', ')

/** In the order of `account`. */
const valuesOf = ({ kind, id, day, agent, provider, model }: Account) => [kind, id, day, agent, provider, model]

export function add(sql: Sql, to: Account, tally: Tally) {
  sql(`INSERT INTO usage (${account}, ${fields.join(', ')}) VALUES (${'?, '.repeat(15)}?) ${summed}`).run(
    ...valuesOf(to),
    tally.requests,
    tally.input,
    tally.output,
    tally.cacheRead,
    tally.cacheWrite,
    tally.inputNanos,
    tally.outputNanos,
    tally.cacheReadNanos,
    tally.cacheWriteNanos,
    tally.missing,
  )
}

/** What a principal spent and has set aside since a day, in billionths of a dollar. */
export function spent(sql: Sql, kind: string, id: string, since: string): { settled: number; held: number } {
  const cost = 'COALESCE(SUM(input_nanos + output_nanos + cache_read_nanos + cache_write_nanos), 0)'
  const { settled } = sql(`SELECT ${cost} AS settled FROM usage WHERE kind = ? AND id = ? AND day >= ?`).get(kind, id, since)
  const set = 'COALESCE(SUM(input_nanos + output_nanos), 0)'
  const { held } = sql(`SELECT ${set} AS held FROM reservations WHERE kind = ? AND id = ? AND day >= ?`).get(kind, id, since)
  return { settled, held }
}

/** Answers its number. */
export function hold(sql: Sql, held: Held): number {
  const insert = `INSERT INTO reservations (${account}, input_nanos, output_nanos) VALUES (${'?, '.repeat(7)}?)`
  return Number(sql(insert).run(...valuesOf(held), held.inputNanos, held.outputNanos).lastInsertRowid)
}

/** Whether it was still there. */
export const release = (sql: Sql, reservation: number): boolean =>
  Number(sql('DELETE FROM reservations WHERE reservation = ?').run(reservation).changes) === 1

/** What a process that died had set aside counts as spent: nobody knows how much of it was. */
export function settleAbandoned(sql: Sql): number {
  sql(
    `INSERT INTO usage (${account}, ${fields.join(', ')}) SELECT ${account}, count(*), 0, 0, 0, 0, SUM(input_nanos), SUM(output_nanos), 0, 0,
     count(*) FROM reservations WHERE true GROUP BY ${account} ${summed}`,
  ).run()
  return Number(sql('DELETE FROM reservations').run().changes)
}

/** Fold what is too old into one row a principal, so that what they spent in all stays known. */
export function foldOld(sql: Sql, now: number): number {
  const before = dayOf(now - keptDays * dayMs)
  sql(
    `INSERT INTO usage (${account}, ${fields.join(', ')}) SELECT kind, id, ?, '', '', '', ${fields.map((field) => `SUM(${field})`).join(', ')}
     FROM usage WHERE day > ? AND day < ? GROUP BY kind, id ${summed}`,
  ).run(longAgo, longAgo, before)
  return Number(sql('DELETE FROM usage WHERE day > ? AND day < ?').run(longAgo, before).changes)
}
