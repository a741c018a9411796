import { defineService } from 'openclaw/plugin'

export type SqlValue = string | number | bigint | null | Uint8Array

/** A prepared statement, as `node:sqlite` has it. */
export interface Statement {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SqlValue[]): any
  all(...values: SqlValue[]): any[]
  /** Read it to its end, or leave it, before anything else happens: an open cursor is in the way of a write. */
  iterate(...values: SqlValue[]): IterableIterator<any>
}

/** A cached statement by its text, as readers and writers get it. */
export type Sql = (text: string) => Statement

/** The part of an SQLite connection that is used, shaped like `DatabaseSync` of `node:sqlite`. */
export interface SqlDriver {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** One database file with one writer. */
export interface Database {
  /** Absolute; empty when it is in memory. */
  readonly path: string
  /** A cached statement for reading. Sees everything that is committed, never half of a write. */
  sql(text: string): Statement
  /**
   * Run `work`, synchronously and alone, within the next commit; resolves when that is on disk. Writes that come close together
   * share one commit and one fsync. What `work` throws rejects this write only and undoes what it did. Rejects with
   * `store_busy` when too many wait, `store_failed` when the disk refuses: nothing is acknowledged then.
   */
  write<T>(work: (sql: (text: string) => Statement) => T): Promise<T>
}

export interface DatabaseOptions {
  /** File name in the state directory without its ending: `sessions` is `sessions.sqlite`. In memory when there is no state directory. */
  readonly name: string
  /** SQL that leads from schema version n to n + 1, in order. Never change one that was released: add the next. */
  readonly migrations: readonly string[]
}

/** Opens databases. A plugin opens its own in `start`; whoever asks for the same name gets the same one. */
export interface Store {
  /**
   * Open and migrate forward, after a copy of the file as it was. A file that is no database, or a damaged one, is set aside
   * and a new one begun. Errors: `store_newer` (written by a newer version), `store_failed`; each names the file and the remedy.
   */
  open(options: DatabaseOptions): Promise<Database>
}
export const Store = defineService<Store>('store')
