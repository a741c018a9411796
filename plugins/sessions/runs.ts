import type { RunRecord, TurnEnd } from '../contracts/sessions.js'
import type { Sql } from '../contracts/store.js'

interface StoredRun {
  readonly n: number
  readonly key: string | null
  readonly run_id: string
  readonly session: string
  readonly transcript: string
  readonly status: RunRecord['status']
  readonly accepted_at: number
  readonly ended_at: number | null
  readonly result: string | null
  readonly error: string | null
}

const mostRecords = 10_000
export const recordedForMs = 86_400_000

export function runOf(sql: Sql, key: string): RunRecord | undefined {
  const row: StoredRun | undefined = sql('SELECT * FROM runs WHERE key = ?').get(key)
  return (
    row && {
      key,
      runId: row.run_id,
      sessionKey: row.session,
      sessionId: row.transcript,
      status: row.status,
      acceptedAt: row.accepted_at,
      ...(row.ended_at !== null && { endedAt: row.ended_at }),
      ...(row.result !== null && { result: JSON.parse(row.result) }),
      ...(row.error !== null && { error: row.error }),
    }
  )
}

/** Remember a run that begins. Past 10,000 records the oldest that ended are forgotten. */
export function openRun(sql: Sql, key: string | undefined, runId: string, session: string, transcript: string, now: number) {
  const { lastInsertRowid } = sql(
    "INSERT INTO runs (key, run_id, session, transcript, status, accepted_at) VALUES (?, ?, ?, ?, 'running', ?)",
  ).run(key ?? null, runId, session, transcript, now)
  sql("DELETE FROM runs WHERE n IN (SELECT n FROM runs WHERE n <= ? ORDER BY n LIMIT 64) AND status <> 'running'").run(
    Number(lastInsertRowid) - mostRecords,
  )
}

/** Close the record of a run. False when there is none that runs: it ended before. */
export function closeRun(sql: Sql, { key, runId, sessionKey, status, result, error }: Omit<TurnEnd, 'messages'>, now: number): boolean {
  const { changes } =
    key === undefined
      ? sql("DELETE FROM runs WHERE session = ? AND status = 'running' AND key IS NULL AND run_id = ?").run(sessionKey, runId)
      : sql("UPDATE runs SET status = ?, ended_at = ?, result = ?, error = ? WHERE key = ? AND status = 'running'").run(
          status,
          now,
          result === undefined ? null : JSON.stringify(result),
          error ?? null,
          key,
        )
  return Number(changes) > 0
}

/** Runs that the last gateway left: nobody will end them any more. */
export function interruptRuns(sql: Sql, now: number) {
  sql(
    "UPDATE sessions SET status = 'failed', aborted = 1, ended_at = ? WHERE key IN (SELECT session FROM runs WHERE status = 'running')",
  ).run(now)
  sql("DELETE FROM runs WHERE status = 'running' AND key IS NULL").run()
  sql("UPDATE runs SET status = 'interrupted', ended_at = ? WHERE status = 'running'").run(now)
}

/** Forget runs that were accepted before `oldest`. */
export function forgetRuns(sql: Sql, oldest: number) {
  sql("DELETE FROM runs WHERE accepted_at < ? AND status <> 'running'").run(oldest)
}

/** Whether a transcript has a run that did not end. */
export const isRunning = (sql: Sql, session: string, transcript: string): boolean =>
  sql("SELECT 1 FROM runs WHERE session = ? AND status = 'running' AND transcript = ?").get(session, transcript) !== undefined
