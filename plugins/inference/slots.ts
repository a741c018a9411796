import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'

const longestWaitMs = 30_000

/** Places for runs, and a queue in order of arrival that is as long as there are places. */
export class Slots {
  #taken = 0
  readonly #queue = new Set<() => void>()

  /** Resolves with a place, to be given back by `release`. Throws `too_many_runs`, or the reason of the abort. */
  take(limit: number, cancellation: Cancellation): Promise<void> | undefined {
    if (this.#taken < limit) {
      this.#taken++
      return undefined
    }
    if (cancellation.aborted) return Promise.reject(cancellation.reason)
    if (this.#queue.size >= limit) return Promise.reject(tooMany())
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
      const timer = setTimeout(() => refuse(tooMany()), longestWaitMs)
      this.#queue.add(enter)
      const unwatch = cancellation.onAbort(refuse)
    })
  }

  release(limit: number) {
    this.#taken--
    for (const enter of this.#queue) {
      if (this.#taken >= limit) return
      enter()
    }
  }
}

const tooMany = () => new GatewayError('too_many_runs', 'Too many requests are running. Try again in a few seconds.', { retryAfterS: 5 })
