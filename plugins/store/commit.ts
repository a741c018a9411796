import { GatewayError, isPromise } from 'openclaw/plugin'
import type { Sql, SqlDriver } from '../contracts/store.js'
import { isDiskError, storeFailed } from './failure.js'

export type Work = (sql: Sql) => unknown
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** Do all of `works` in one transaction, each undone alone if it throws. Throws when the disk refuses: then nothing was done. */
export function commitAll(driver: SqlDriver, sql: Sql, path: string, works: readonly Work[]): Outcome[] {
  try {
    sql('BEGIN IMMEDIATE').run()
    const outcomes = works.map((work) => attempt(sql, path, work))
    sql('COMMIT').run()
    return outcomes
  } catch (cause) {
    rollBack(driver)
    throw storeFailed(path, 'write', cause)
  }
}

/** Throws only when SQLite gave up the whole transaction, as a full disk makes it do. */
function attempt(sql: Sql, path: string, work: Work): Outcome {
  sql('SAVEPOINT job').run()
  try {
    const value = work(sql)
    if (isPromise(value)) throw new GatewayError('bad_plugin', 'A write must be synchronous: what it awaits is outside of its transaction.')
    sql('RELEASE job').run()
    return { value }
  } catch (error) {
    if (!undo(sql)) throw error
    return { error: isDiskError(error) ? storeFailed(path, 'write', error) : error }
  }
}

function undo(sql: Sql): boolean {
  try {
    sql('ROLLBACK TO job').run()
    sql('RELEASE job').run()
    return true
  } catch {
    return false
  }
}

function rollBack(driver: SqlDriver) {
  try {
    driver.exec('ROLLBACK')
  } catch {
    // There is no transaction: BEGIN failed, or SQLite rolled back by itself.
  }
}
