import { GatewayError } from 'openclaw/plugin'
import type { Database, SqlDriver } from '../contracts/store.js'
import { commitAll, type Outcome, type Work } from './commit.js'
import { createStatements } from './statements.js'

/** A database that its owner can close. */
export interface OpenDatabase extends Database {
  /** Commit what waits, then let go of the file. */
  close(): void
}
/** What its owner must hear of: each once, when it begins. */
export type WriteTrouble = { failed: GatewayError } | { recovered: true }

interface Job {
  readonly work: Work
  readonly resolve: (value: any) => void
  readonly reject: (reason: unknown) => void
}

const mostWaiting = 4_096
/** More would hold up everything else for too long. */
const mostInCommit = 256
const longestPauseMs = 5

/**
 * The one writer of a database. What was asked for in one turn of the event loop is one transaction; after it there is
 * a pause about as long as it took, so that a slow disk takes half of the time at most and its groups are larger.
 */
export function createWriter(driver: SqlDriver, path: string, tell: (trouble: WriteTrouble) => void): OpenDatabase {
  const sql = createStatements(driver)
  let waiting: Job[] = []
  let armed = false
  let pauseUntil = 0
  let failing = false
  let closed = false

  const arm = () => {
    if (armed || closed) return
    armed = true
    const pauseMs = pauseUntil - performance.now()
    if (pauseMs < 1) setImmediate(commitNext)
    else setTimeout(commitNext, pauseMs)
  }
  const commitNext = () => {
    armed = false
    if (waiting.length === 0) return
    const jobs = waiting.slice(0, mostInCommit)
    waiting = waiting.slice(mostInCommit)
    const began = performance.now()
    commit(jobs)
    const ended = performance.now()
    pauseUntil = ended + Math.min(ended - began, longestPauseMs)
    if (waiting.length > 0) arm()
  }
  const commit = (jobs: readonly Job[]) => {
    let outcomes: Outcome[]
    try {
      outcomes = commitAll(
        driver,
        sql,
        path,
        jobs.map(({ work }) => work),
      )
    } catch (error) {
      if (!failing) tell({ failed: error as GatewayError })
      failing = true
      for (const { reject } of jobs) reject(error)
      return
    }
    if (failing) tell({ recovered: true })
    failing = false
    for (const [at, { resolve, reject }] of jobs.entries()) {
      const outcome = outcomes[at] as Outcome
      if ('error' in outcome) reject(outcome.error)
      else resolve(outcome.value)
    }
  }
  /** The log is otherwise emptied once the last statement is collected. */
  const emptyLog = () => {
    try {
      driver.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // It is read when the file is opened again: nothing is lost.
    }
  }
  return {
    path,
    sql,
    write: (work) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new GatewayError('store_failed', `${path || 'The database in memory'} is closed: the gateway stops.`))
        if (waiting.length >= mostWaiting)
          return reject(new GatewayError('store_busy', 'Too many writes wait for the disk. Try again later.', { retryAfterS: 1 }))
        waiting.push({ work, resolve, reject })
        arm()
      }),
    close() {
      if (closed) return
      while (waiting.length > 0) commitNext()
      closed = true
      emptyLog()
      driver.close()
    },
  }
}
