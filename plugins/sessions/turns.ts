import type { Entry, RunRecord, Session, TurnEnd, TurnStart } from '../contracts/sessions.js'
import type { Sql } from '../contracts/store.js'
import { ensureSession, sessionOf, type StoredSession } from './rows.js'
import { closeRun, isRunning, openRun, runOf } from './runs.js'
import { append } from './transcript.js'

const transcriptOf = ({ transcript, id, messages }: StoredSession) => ({ n: transcript, id, messages })

/** What the user said, and that it is being answered. Part of one commit. */
export function beginTurn(sql: Sql, turn: TurnStart, now: number): { session: Session; entries: Entry[] } | { earlier: RunRecord } {
  const earlier = turn.key === undefined ? undefined : runOf(sql, turn.key)
  if (earlier) return { earlier }
  const row = ensureSession(sql, turn.session, turn.agent, now, turn.origin)
  const entries = append(sql, transcriptOf(row), turn.messages)
  openRun(sql, turn.key, turn.runId, row.key, row.id, now)
  sql("UPDATE sessions SET status = 'running', updated_at = ?, started_at = ?, ended_at = NULL WHERE key = ?").run(now, now, row.key)
  const messages = row.messages + entries.length
  return { session: sessionOf({ ...row, messages, status: 'running', updated_at: now, started_at: now, ended_at: null }), entries }
}

const statusOf = { ok: 'done', error: 'failed', aborted: 'killed', timeout: 'timeout' } as const

/**
 * What the run said, and how it ended. Part of one commit. Nothing, when it was ended before; nothing is appended to a
 * transcript that was deleted meanwhile.
 */
export function finishTurn(sql: Sql, turn: TurnEnd, now: number): Entry[] {
  const { sessionKey, sessionId, usage, model, messages } = turn
  if (!closeRun(sql, turn, now)) return []
  const transcript = sql('SELECT n, id, messages FROM transcripts WHERE id = ?').get(sessionId)
  if (!transcript) return []
  const entries = append(sql, transcript, messages)
  if (usage)
    sql('UPDATE transcripts SET input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, context_tokens = ? WHERE n = ?').run(
      usage.promptTokens,
      usage.completionTokens,
      usage.totalTokens,
      transcript.n,
    )
  // Another turn of the session may wait or run already.
  const busy = isRunning(sql, sessionKey, sessionId)
  sql(
    'UPDATE sessions SET status = ?, updated_at = ?, ended_at = ?, aborted = ?, provider = coalesce(?, provider), ' +
      'model = coalesce(?, model) WHERE key = ? AND transcript = ?',
  ).run(
    busy ? 'running' : statusOf[turn.status],
    now,
    busy ? null : now,
    turn.status === 'aborted' ? 1 : 0,
    model?.provider ?? null,
    model?.id ?? null,
    sessionKey,
    transcript.n,
  )
  return entries
}

/** Append to what the session holds now, outside a run. Undefined when there is no such session. */
export function appendOutside(sql: Sql, row: StoredSession | undefined, message: TurnStart['messages'][number], now: number) {
  if (!row) return undefined
  const [entry] = append(sql, transcriptOf(row), [message])
  sql('UPDATE sessions SET updated_at = ? WHERE key = ?').run(now, row.key)
  return entry as Entry
}
