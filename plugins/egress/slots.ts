import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'

/** A number of places for work, and a bounded queue in order of arrival. */
export class Slots {
  #free: number
  readonly #maxQueued: number
  readonly #queue = new Set<() => void>()

  constructor(places: number, maxQueued: number) {
    this.#free = places
    this.#maxQueued = maxQueued
  }

  /** Resolves with a place, to be given back by `release`. Rejects with `too_many_runs`, or the reason of the abort. */
  async take(cancellation: Cancellation): Promise<void> {
    if (cancellation.aborted) throw cancellation.reason
    if (this.#free > 0) {
      this.#free--
      return
    }
    if (this.#queue.size >= this.#maxQueued)
      throw new GatewayError('too_many_runs', 'Too many URLs are being fetched. Try again in a few seconds.', { retryAfterS: 5 })
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        unwatch()
        resolve()
      }
      this.#queue.add(enter)
      const unwatch = cancellation.onAbort((reason) => {
        this.#queue.delete(enter)
        reject(reason)
      })
    })
  }

  /** The place goes to whoever waits longest. */
  release() {
    const [next] = this.#queue
    if (!next) {
      this.#free++
      return
    }
    this.#queue.delete(next)
    next()
  }
}
