import { type Log, messageOf } from 'openclaw/plugin'
import type { Database, Store, Sql } from '../contracts/store.js'
import type { Cost } from './price.js'
import { type Account, add, foldOld, type Held, hold, migrations, release, settleAbandoned, spent, type Tally } from './rows.js'

/** How long statistics are collected for one write. A process that is killed loses no more of them. */
const collectMs = 1_000
/** Different accounts that are collected at most, while the disk refuses. */
const mostPending = 10_000

interface Settled {
  readonly reservation: number
  readonly account: Account
  /** Undefined: the call was not made. */
  readonly cost: Cost | undefined
}

/** What a reservation was answered: its number, or what is left no room for it. */
export type Reserved = { readonly reservation: number } | { readonly settledNanos: number; readonly heldNanos: number }

/**
 * What was used, on disk and on its way there. Its database is opened at the first use. Outlives the plugin that made it, so whose
 * log and store are used changes.
 */
export class Book {
  #pending = new Map<string, { account: Account; tally: Tally }>()
  #settled: Settled[] = []
  #timer: NodeJS.Timeout | undefined
  #opening: Promise<Database> | undefined
  /** The newest write; all before it are over when it is. Never rejects. */
  #written: Promise<void> = Promise.resolve()
  #closed = false
  #lost = 0

  constructor(
    public log: Log,
    public store: () => Store,
  ) {}

  /** Count a call of somebody without a limit: in memory now, on disk within a second. */
  count(account: Account, cost: Cost) {
    const { kind, id, day, agent, model } = account
    const key = `${kind}\n${id}\n${day}\n${agent}\n${model}`
    const known = this.#pending.get(key)
    if (known) return addTo(known.tally, cost)
    if (this.#pending.size >= mostPending) return void this.#lost++
    this.#pending.set(key, { account, tally: { ...cost, requests: 1 } })
    this.#later()
  }

  /** Set money aside if the limit leaves room for it; resolves when that is on disk. Errors: those of the store. */
  async reserve(held: Held, limitNanos: number, since: string): Promise<Reserved> {
    const database = await this.#database()
    // What was counted before there was a limit counts too.
    if (this.#pending.size > 0) void this.#write(database)
    return database.write((sql): Reserved => {
      const { settled: settledNanos, held: heldNanos } = spent(sql, held.kind, held.id, since)
      if (settledNanos + heldNanos + held.inputNanos + held.outputNanos > limitNanos) return { settledNanos, heldNanos }
      return { reservation: hold(sql, held) }
    })
  }

  /** A call with a reservation is over. Until that is on disk it counts in full. */
  settle(settled: Settled) {
    this.#settled.push(settled)
    void this.flush()
  }

  /** Write what waits. Never rejects: what the disk refuses is tried again a second later. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pending.size + this.#settled.length === 0) return this.#written
    try {
      await this.#write(await this.#database())
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Write what waits, for the last time. */
  async close(): Promise<void> {
    this.#closed = true
    await this.flush()
  }

  /** Read what is on disk, with all that was counted before. */
  async read<T>(work: (sql: Sql) => T): Promise<T> {
    await this.flush()
    const database = await this.#database()
    return work((text) => database.sql(text))
  }

  #later() {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.flush(), collectMs).unref()
  }

  /** Never rejects. The write is asked for before this returns, so that it comes before any that is asked for next. */
  #write(database: Database): Promise<void> {
    const [pending, settled] = [this.#pending, this.#settled]
    this.#pending = new Map()
    this.#settled = []
    const written = database.write((sql) => {
      for (const { account, tally } of pending.values()) add(sql, account, tally)
      // One that is gone was counted in full by a successor that took us for dead.
      for (const { reservation, account, cost } of settled)
        if (release(sql, reservation) && cost) add(sql, account, { ...cost, requests: 1 })
    })
    this.#written = written.catch((error: unknown) => {
      this.#settled = [...settled, ...this.#settled]
      for (const [key, waiting] of pending) {
        const newer = this.#pending.get(key)
        if (newer) addTo(waiting.tally, newer.tally, newer.tally.requests)
        this.#pending.set(key, waiting)
      }
      this.#failed(error)
    })
    return this.#written
  }

  #failed(error: unknown) {
    this.#later()
    if (this.#lost > 0) this.log.warn(`the use of ${this.#lost} calls is not counted: ${messageOf(error)}`)
    this.#lost = 0
  }

  #database(): Promise<Database> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      this.log.error(`usage is not recorded: ${messageOf(error)}`)
      throw error
    })
    return this.#opening
  }

  async #open(): Promise<Database> {
    const database = await this.store().open({ name: 'usage', migrations })
    // We have set nothing aside yet: what there is belongs to a process that is gone.
    const { abandoned, folded } = await database.write((sql) => ({ abandoned: settleAbandoned(sql), folded: foldOld(sql, Date.now()) }))
    if (abandoned > 0)
      this.log.warn(`${abandoned} calls were under way when the gateway ended: they count as if they had cost all they could`)
    if (folded > 0) this.log.info(`${folded} old rows of usage were summed up`)
    return database
  }
}

function addTo(tally: Tally, cost: Cost | Tally, requests = 1) {
  tally.requests += requests
  tally.input += cost.input
  tally.output += cost.output
  tally.cacheRead += cost.cacheRead
  tally.cacheWrite += cost.cacheWrite
  tally.inputNanos += cost.inputNanos
  tally.outputNanos += cost.outputNanos
  tally.cacheReadNanos += cost.cacheReadNanos
  tally.cacheWriteNanos += cost.cacheWriteNanos
  tally.missing += cost.missing
}
