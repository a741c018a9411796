import type { Sql } from '../contracts/store.js'

/** How long a conversation of one request is kept that nobody can come back to. */
export const oneOffsKeptForMs = 30 * 86_400_000
const mostAtOnce = 500

/**
 * Forget conversations that were last written before `oldest` and that no client can name again: requests of the HTTP API without a
 * session and without a user get a key of their own each, and would fill the disk over the years.
 */
export function forgetOneOffs(sql: Sql, oldest: number) {
  const keys: { key: string }[] = sql(
    "SELECT key FROM sessions WHERE updated_at < ? AND origin = 'http' AND label IS NULL AND key GLOB 'agent:*:openai:*' AND status <> 'running' LIMIT ?",
  ).all(oldest, mostAtOnce)
  for (const { key } of keys) {
    sql('DELETE FROM sessions WHERE key = ?').run(key)
    sql('DELETE FROM transcripts WHERE session = ?').run(key)
  }
}
