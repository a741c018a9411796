import { randomUUID } from 'node:crypto'
import type { Sql } from '../contracts/store.js'
import type { Session, SessionSettings } from '../contracts/sessions.js'

/** A session as it is stored, with the transcript it has now. */
export interface StoredSession {
  readonly key: string
  readonly agent: string
  readonly transcript: number
  readonly created_at: number
  readonly updated_at: number
  readonly label: string | null
  readonly spawned_by: string | null
  readonly settings: string
  readonly origin: string | null
  readonly status: NonNullable<Session['status']> | null
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly aborted: number
  readonly provider: string | null
  readonly model: string | null
  /** Of the transcript. */
  readonly id: string
  readonly messages: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly context_tokens: number
}

export const selectSessions =
  'SELECT s.*, t.id, t.messages, t.input_tokens, t.output_tokens, t.context_tokens ' +
  'FROM sessions AS s JOIN transcripts AS t ON t.n = s.transcript'

const byKey = `${selectSessions} WHERE s.key = ?`
export const storedSession = (sql: Sql, key: string): StoredSession | undefined => sql(byKey).get(key)

export function sessionOf(row: StoredSession): Session {
  const settings: SessionSettings = row.settings === '{}' ? {} : JSON.parse(row.settings)
  if (row.label !== null) settings.label = row.label
  if (row.spawned_by !== null) settings.spawnedBy = row.spawned_by
  return {
    key: row.key,
    agent: row.agent,
    id: row.id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    settings,
    messages: row.messages,
    abortedLastRun: row.aborted === 1,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    contextTokens: row.context_tokens,
    ...(row.status !== null && { status: row.status }),
    ...(row.started_at !== null && { startedAt: row.started_at }),
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.provider !== null && { provider: row.provider }),
    ...(row.model !== null && { model: row.model }),
    ...(row.origin !== null && { origin: row.origin }),
  }
}

/** The session of a key, made with an empty transcript if need be. */
export function ensureSession(sql: Sql, key: string, agent: string, now: number, origin?: string): StoredSession {
  const known = storedSession(sql, key)
  if (known) return known
  const transcript = beginTranscript(sql, key, now)
  sql('INSERT INTO sessions (key, agent, transcript, created_at, updated_at, origin) VALUES (?, ?, ?, ?, ?, ?)').run(
    key,
    agent,
    transcript,
    now,
    now,
    origin ?? null,
  )
  return storedSession(sql, key) as StoredSession
}

/** A new transcript, empty. Answers its number. */
export function beginTranscript(sql: Sql, session: string, now: number): number {
  const { lastInsertRowid } = sql('INSERT INTO transcripts (id, session, created_at) VALUES (?, ?, ?)').run(randomUUID(), session, now)
  return Number(lastInsertRowid)
}
