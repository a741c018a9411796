import type { Session, SessionFilter } from '../contracts/sessions.js'
import type { Sql } from '../contracts/store.js'
import { restOfKey } from './keys.js'
import { selectSessions, sessionOf, type StoredSession } from './rows.js'

/** Also when more are asked for. */
const mostListed = 1_000
const ascii = /^[\x20-\x7e]+$/
const cronRun = /^cron:[^:]*:run:/i

/** Newest first, without the runs of schedules. */
export function listSessions(sql: Sql, filter: SessionFilter, now: number): Session[] {
  const { agent, activeMinutes, label, spawnedBy } = filter
  const where: string[] = []
  const values: (string | number)[] = []
  const demand = (condition: string, value: string | number | undefined) => {
    if (value === undefined) return
    where.push(condition)
    values.push(value)
  }
  demand('s.agent = ?', agent?.toLowerCase())
  demand('s.updated_at >= ?', activeMinutes === undefined ? undefined : now - activeMinutes * 60_000)
  demand('s.label = ?', label)
  demand('s.spawned_by = ?', spawnedBy)
  const search = filter.search?.trim().toLowerCase()
  // SQLite folds the case of ASCII only, but passes over rows much faster than it hands them over.
  if (search && ascii.test(search)) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
    where.push(`(${['s.label', 't.id', 's.key'].map((name) => `${name} LIKE ? ESCAPE '\\'`).join(' OR ')})`)
    values.push(pattern, pattern, pattern)
  }
  const conditions = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''
  const limit = Math.min(filter.limit ?? mostListed, mostListed)
  const found: Session[] = []
  const rows: Iterable<StoredSession> = sql(`${selectSessions}${conditions} ORDER BY s.updated_at DESC`).iterate(...values)
  for (const row of rows) {
    if (cronRun.test(restOfKey(row.key)) || (search && !mentions(row, search))) continue
    found.push(sessionOf(row))
    if (found.length >= limit) break
  }
  return found
}

const mentions = ({ label, id, key }: StoredSession, search: string) =>
  [label, id, key].some((text) => text?.toLowerCase().includes(search))

export const countSessions = (sql: Sql, agent: string | undefined): number =>
  agent === undefined
    ? sql('SELECT count(*) AS count FROM sessions').get().count
    : sql('SELECT count(*) AS count FROM sessions WHERE agent = ?').get(agent.toLowerCase()).count

/** The session whose present transcript has this id. */
export function sessionById(sql: Sql, id: string): Session | undefined {
  const row: StoredSession | undefined = sql(`${selectSessions} WHERE t.id = ?`).get(id)
  return row && sessionOf(row)
}
