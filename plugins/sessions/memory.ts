import { GatewayError, type Log } from 'openclaw/plugin'
import { refusal } from '../contracts/methods.js'
import type { Database, Store, Sql } from '../contracts/store.js'
import { migrations } from './migrations.js'
import { forgetOneOffs, oneOffsKeptForMs } from './one-offs.js'

import { forgetRuns, interruptRuns, recordedForMs } from './runs.js'
import type { Complain } from './transcript.js'

/** The database of all conversations. Outlives the plugin that opened it, so whose log is told changes. */
export interface Memory {
  log: Log
  /** Open it, once. Runs that another process left are `interrupted` from then on. */
  open(store: Store): Promise<void>
  readonly path: string
  readonly sql: Sql
  /** Errors of the disk become a refusal `UNAVAILABLE`, which says when to try again. */
  write<T>(work: (sql: Sql, now: number) => T): Promise<T>
  readonly complain: Complain
}

const forgetEveryMs = 900_000
/** Damaged messages that are told of; a broken disk must not fill the log. */
const mostComplaints = 100

export function createMemory(log: Log): Memory {
  let opening: Promise<void> | undefined
  let database: Database | undefined
  let forgetAt = 0
  const complained = new Set<string>()

  const opened = (): Database => {
    if (database) return database
    throw new GatewayError('not_started', 'The session store is not open yet.')
  }
  /** Old records and one-off conversations matter only while new ones come. */
  const forget = (sql: Sql, now: number) => {
    if (now < forgetAt) return
    forgetAt = now + forgetEveryMs
    forgetRuns(sql, now - recordedForMs)
    forgetOneOffs(sql, now - oneOffsKeptForMs)
  }
  const memory: Memory = {
    log,
    open(store) {
      opening ??= store.open({ name: 'sessions', migrations }).then(async (found) => {
        await found.write((sql) => interruptRuns(sql, Date.now()))
        database = found
      })
      return opening.catch((error: unknown) => {
        opening = undefined
        throw error
      })
    },
    get path() {
      return opened().path
    },
    sql: (text) => opened().sql(text),
    write: (work) =>
      opened()
        .write((sql) => {
          const now = Date.now()
          forget(sql, now)
          return work(sql, now)
        })
        .catch((error: unknown) => {
          throw unavailable(error)
        }),
    complain(transcript, seq) {
      const message = `Message ${seq} of transcript ${transcript} is damaged and left out. It stays in ${opened().path || 'memory'}.`
      if (complained.has(message) || complained.size >= mostComplaints) return
      complained.add(message)
      memory.log.error(message)
    },
  }
  return memory
}

/** What the disk refuses is nobody's fault that asks again later; the store's log names file and remedy. */
function unavailable(error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (code === 'store_busy') return refusal('UNAVAILABLE', 'too many writes wait for the session store', { retryAfterMs: 1_000 })
  if (code === 'store_failed') return refusal('UNAVAILABLE', 'the session store cannot be written now', { retryAfterMs: 5_000 })
  return error
}
