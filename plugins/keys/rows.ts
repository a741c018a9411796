import type { Sql } from '../contracts/store.js'
import type { Key, KeyLimit } from './key.js'

/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [
  `
  -- digest: SHA-256 of the key. Blank once it is revoked. Lists are JSON; models and agents are null where all are allowed.
  CREATE TABLE keys (
    id TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, models TEXT, agents TEXT, tools TEXT NOT NULL,
    expires_at_ms INTEGER, requests_per_minute INTEGER, limit_usd REAL, limit_per TEXT,
    created_at_ms INTEGER NOT NULL, last_used_at_ms INTEGER, revoked_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
]

/** A key as it is kept. */
export interface Stored {
  readonly key: Key
  readonly digest: Uint8Array
}

const columns =
  'id, digest, name, scopes, models, agents, tools, expires_at_ms, requests_per_minute, limit_usd, limit_per, created_at_ms, last_used_at_ms, revoked_at_ms'

function storedOf(row: Record<string, any>): Stored {
  const limit: KeyLimit | undefined =
    row['limit_usd'] === null ? undefined : { usd: row['limit_usd'], ...(row['limit_per'] !== null && { per: row['limit_per'] }) }
  const key: Key = {
    id: row['id'],
    name: row['name'],
    scopes: JSON.parse(row['scopes']),
    ...(row['models'] !== null && { models: JSON.parse(row['models']) }),
    ...(row['agents'] !== null && { agents: JSON.parse(row['agents']) }),
    tools: JSON.parse(row['tools']),
    ...(row['expires_at_ms'] !== null && { expiresAtMs: row['expires_at_ms'] }),
    ...(row['requests_per_minute'] !== null && { requestsPerMinute: row['requests_per_minute'] }),
    ...(limit && { spendLimit: limit }),
    createdAtMs: row['created_at_ms'],
    ...(row['last_used_at_ms'] !== null && { lastUsedAtMs: row['last_used_at_ms'] }),
    ...(row['revoked_at_ms'] !== null && { revokedAtMs: row['revoked_at_ms'] }),
  }
  return { key, digest: row['digest'] }
}

export const readAll = (sql: Sql): Stored[] => sql(`SELECT ${columns} FROM keys`).all().map(storedOf)

export function readOne(sql: Sql, id: string): Stored | undefined {
  const row = sql(`SELECT ${columns} FROM keys WHERE id = ?`).get(id)
  return row && storedOf(row)
}

const list = (value: readonly string[] | undefined) => (value === undefined ? null : JSON.stringify(value))

/** Write a key that is there already, or a new one. */
export function writeOne(sql: Sql, { key, digest }: Stored, verb: 'INSERT' | 'REPLACE') {
  sql(`${verb} INTO keys (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
    key.id,
    digest,
    key.name,
    JSON.stringify(key.scopes),
    list(key.models),
    list(key.agents),
    JSON.stringify(key.tools),
    key.expiresAtMs ?? null,
    key.requestsPerMinute ?? null,
    key.spendLimit?.usd ?? null,
    key.spendLimit?.per ?? null,
    key.createdAtMs,
    key.lastUsedAtMs ?? null,
    key.revokedAtMs ?? null,
  )
}

export const writeUse = (sql: Sql, id: string, atMs: number) => void sql('UPDATE keys SET last_used_at_ms = ? WHERE id = ?').run(atMs, id)

/** Make room by forgetting the keys that were revoked first, which can open nothing. Answers which. */
export function forgetRevoked(sql: Sql, most: number): string[] {
  const { count } = sql('SELECT count(*) AS count FROM keys').get()
  if (count < most) return []
  const gone = sql('SELECT id FROM keys WHERE revoked_at_ms IS NOT NULL ORDER BY revoked_at_ms LIMIT ?').all(count - most + 1)
  for (const { id } of gone) sql('DELETE FROM keys WHERE id = ?').run(id)
  return gone.map(({ id }) => id)
}
