import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'

const longestWaitMs = 30_000

/** Places for work that is done at once, and a bounded queue in order of arrival. How many there are is said at each use, as it may change. */
export class Slots {
  readonly #what: string
  #taken = 0
  readonly #queue = new Set<() => void>()

  /** `what` begins the sentence for who finds no place: `Too many requests are running.` */
  constructor(what: string) {
    this.#what = what
  }

  /**
   * Resolves with a place, to be given back by `release`; undefined: there is one at once. Rejects with `too_many_runs` where `queued`
   * wait already or after 30 s, or with the reason of the abort.
   */
  take(places: number, queued: number, cancellation: Cancellation): Promise<void> | undefined {
    if (cancellation.aborted) return Promise.reject(cancellation.reason)
    if (this.#taken < places) {
      this.#taken++
      return undefined
    }
    if (this.#queue.size >= queued) return Promise.reject(this.#tooMany())
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        unwatch()
        this.#queue.delete(enter)
      }
      const enter = () => {
        settle()
        this.#taken++
        resolve()
      }
      const refuse = (reason: unknown) => {
        settle()
        reject(reason)
      }
      const timer = setTimeout(() => refuse(this.#tooMany()), longestWaitMs)
      this.#queue.add(enter)
      const unwatch = cancellation.onAbort(refuse)
    })
  }

  /** The places that are free now go to those who wait longest. */
  release(places: number) {
    this.#taken--
    for (const enter of this.#queue) {
      if (this.#taken >= places) return
      enter()
    }
  }

  #tooMany = () => new GatewayError('too_many_runs', `${this.#what} Try again in a few seconds.`, { retryAfterS: 5 })
}
