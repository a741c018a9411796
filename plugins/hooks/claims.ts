import { randomUUID } from 'node:crypto'
import { type Log, messageOf } from 'openclaw/plugin'
import type { Database } from '../contracts/store.js'

const table = (name: string) => `
  CREATE TABLE ${name} (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    -- Whether the run is known to have begun: until then a repetition begins it, under the same id.
    begun INTEGER NOT NULL DEFAULT 0,
    used_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ${name}_by_time ON ${name} (used_at);`

/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [`${table('deliveries')}${table('retries')}`]

const kinds = {
  /** Deliveries of those who sign: told apart by what they signed. */
  deliveries: { keptMs: 86_400_000, renewed: false, surplus: 'n <= (SELECT max(n) FROM deliveries) - 100000' },
  /** Requests that carried an idempotency key. */
  retries: { keptMs: 300_000, renewed: true, surplus: 'n <= (SELECT n FROM retries ORDER BY n DESC LIMIT 1 OFFSET 1000)' },
} as const

/** Under what a request is remembered. */
export interface ClaimKey {
  readonly kind: keyof typeof kinds
  /** Short: a digest. */
  readonly key: string
}

export interface Claim {
  readonly runId: string
  /** This request came before; nobody does it a second time. */
  readonly repeated: boolean
  readonly begun: boolean
}

/** Which requests came before. What a promise resolved for is on disk. Errors: `store_busy`, `store_failed`. */
export class Claims {
  constructor(
    readonly database: Database,
    readonly log: Log,
  ) {}

  /** Claim a key, or learn who has it. */
  async claim({ kind, key }: ClaimKey, now = Date.now()): Promise<Claim> {
    const { keptMs, renewed, surplus } = kinds[kind]
    const known = renewed ? undefined : this.#find(kind, key, now)
    if (known?.begun) return known
    return this.database.write((sql) => {
      sql(`DELETE FROM ${kind} WHERE used_at <= ?`).run(now - keptMs)
      const before: { n: number; run_id: string; begun: number } | undefined = sql(`SELECT * FROM ${kind} WHERE key = ?`).get(key)
      // Used again it is the newest, and the last to be forgotten.
      if (before && renewed) sql(`DELETE FROM ${kind} WHERE n = ?`).run(before.n)
      const claim = { runId: before?.run_id ?? randomUUID(), repeated: before !== undefined, begun: before?.begun === 1 }
      if (before && !renewed) return claim
      sql(`INSERT INTO ${kind} (key, run_id, begun, used_at) VALUES (?, ?, ?, ?)`).run(key, claim.runId, claim.begun ? 1 : 0, now)
      sql(`DELETE FROM ${kind} WHERE ${surplus}`).run()
      return claim
    })
  }

  /** It is done. Nobody needs to wait for that to be on disk: a run that is begun a second time knows its id. */
  begun({ kind, key }: ClaimKey) {
    this.database
      .write((sql) => sql(`UPDATE ${kind} SET begun = 1 WHERE key = ?`).run(key))
      .catch((error: unknown) => this.log.warn(`it could not be noted that a hook's run began: ${messageOf(error)}`))
  }

  #find(kind: ClaimKey['kind'], key: string, now: number): Claim | undefined {
    const row = this.database.sql(`SELECT run_id, begun FROM ${kind} WHERE key = ? AND used_at > ?`).get(key, now - kinds[kind].keptMs)
    return row && { runId: row.run_id, repeated: true, begun: row.begun === 1 }
  }
}
