import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'

/** How long a session waits for a place. */
const longestWaitMs = 30_000

export interface SlotLimits {
  /** Places in all. Four times as many may wait. */
  readonly total: number
  /** Places of one owner. Four times as many may wait. */
  readonly perOwner: number
}
export interface Place {
  release(): void
}
interface Waiting {
  readonly owner: string
  enter(): void
  refuse(reason: unknown): void
}

/** Places for sessions that run, in order of arrival among the owners that have not all of theirs. */
export class Slots {
  #taken = 0
  readonly #owners = new Map<string, number>()
  readonly #queue = new Set<Waiting>()
  #limits: SlotLimits = { total: 0, perOwner: 0 }

  /** A place, at once if there is one. Rejects with `too_many_runs` after 30 s or when too many wait, or with the abort's reason. */
  take(owner: string, limits: SlotLimits, cancellation: Cancellation): Place | Promise<Place> {
    this.#limits = limits
    if (this.#fits(owner)) return this.#occupy(owner)
    let own = 0
    for (const waiting of this.#queue) if (waiting.owner === owner) own++
    if (this.#queue.size >= limits.total * 4 || own >= limits.perOwner * 4) return Promise.reject(tooMany())
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        unwatch()
        this.#queue.delete(waiting)
      }
      const refuse = (reason: unknown) => {
        settle()
        reject(reason)
      }
      const waiting: Waiting = {
        owner,
        refuse,
        enter: () => {
          settle()
          resolve(this.#occupy(owner))
        },
      }
      const timer = setTimeout(() => refuse(tooMany()), longestWaitMs)
      this.#queue.add(waiting)
      const unwatch = cancellation.onAbort(refuse)
    })
  }

  /** Nobody waits any more. */
  refuse(reason: unknown) {
    for (const waiting of this.#queue) waiting.refuse(reason)
  }

  #fits = (owner: string) => this.#taken < this.#limits.total && (this.#owners.get(owner) ?? 0) < this.#limits.perOwner

  #occupy(owner: string): Place {
    this.#taken++
    this.#owners.set(owner, (this.#owners.get(owner) ?? 0) + 1)
    return { release: () => this.#release(owner) }
  }

  #release(owner: string) {
    this.#taken--
    const left = (this.#owners.get(owner) ?? 1) - 1
    if (left > 0) this.#owners.set(owner, left)
    else this.#owners.delete(owner)
    for (const waiting of this.#queue) {
      if (this.#taken >= this.#limits.total) return
      if (this.#fits(waiting.owner)) waiting.enter()
    }
  }
}

export const tooMany = (what = 'Too many runs are in progress.') =>
  new GatewayError('too_many_runs', `${what} Try again in a few seconds.`, { retryAfterS: 5 })
