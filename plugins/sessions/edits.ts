import { refusal } from '../contracts/methods.js'
import type { Session, SessionSettings } from '../contracts/sessions.js'
import type { Sql } from '../contracts/store.js'
import { beginTranscript, ensureSession, type StoredSession, sessionOf, storedSession } from './rows.js'

export type SettingsChange = { [Name in keyof SessionSettings]?: SessionSettings[Name] | null | undefined }

/** Set and clear settings. Error: `label already in use: …`. */
export function patchSession(sql: Sql, key: string, agent: string, changes: SettingsChange, now: number): Session {
  const { label, spawnedBy, ...others } = changes
  if (typeof label === 'string') {
    const holder = sql('SELECT key FROM sessions WHERE label = ?').get(label)
    if (holder && holder.key !== key) throw refusal('INVALID_REQUEST', `label already in use: ${label}`)
  }
  const row = ensureSession(sql, key, agent, now)
  const settings: Record<string, unknown> = JSON.parse(row.settings)
  for (const [name, value] of Object.entries(others)) {
    if (value === null) delete settings[name]
    else if (value !== undefined) settings[name] = value
  }
  const changed: StoredSession = {
    ...row,
    settings: JSON.stringify(settings),
    label: label === undefined ? row.label : label,
    spawned_by: spawnedBy === undefined ? row.spawned_by : spawnedBy,
    updated_at: now,
    // What answered last says no more what answers next.
    ...(changes.model !== undefined && { provider: null, model: null }),
  }
  sql('UPDATE sessions SET settings = ?, label = ?, spawned_by = ?, updated_at = ?, provider = ?, model = ? WHERE key = ?').run(
    changed.settings,
    changed.label,
    changed.spawned_by,
    now,
    changed.provider,
    changed.model,
    key,
  )
  return sessionOf(changed)
}

/** Begin a new transcript. Settings stay; the old transcript is kept. */
export function resetSession(sql: Sql, key: string, agent: string, now: number): Session {
  const row = ensureSession(sql, key, agent, now)
  sql('UPDATE transcripts SET ended_at = ? WHERE n = ?').run(now, row.transcript)
  sql(
    'UPDATE sessions SET transcript = ?, updated_at = ?, status = NULL, started_at = NULL, ended_at = NULL, aborted = 0 WHERE key = ?',
  ).run(beginTranscript(sql, key, now), now, key)
  return sessionOf(storedSession(sql, key) as StoredSession)
}

/** A transcript of a session, present or past. */
export interface Kept {
  readonly n: number
  readonly id: string
  readonly messages: number
}
export const transcriptsOf = (sql: Sql, key: string): Kept[] =>
  sql('SELECT n, id, messages FROM transcripts WHERE session = ? ORDER BY n').all(key)

/** Forget a session, and its transcripts if they are still as they were `exported`. False when they are not. */
export function removeSession(sql: Sql, key: string, exported: readonly Kept[] | undefined, now: number): boolean {
  const row = storedSession(sql, key)
  if (exported && JSON.stringify(transcriptsOf(sql, key)) !== JSON.stringify(exported)) return false
  sql('DELETE FROM sessions WHERE key = ?').run(key)
  if (exported) sql('DELETE FROM transcripts WHERE session = ?').run(key)
  else if (row) sql('UPDATE transcripts SET ended_at = ? WHERE n = ?').run(now, row.transcript)
  return true
}
