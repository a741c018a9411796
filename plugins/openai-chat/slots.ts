import { GatewayError } from 'openclaw/plugin'

const longestWaitMs = 30_000

/** Places for runs, and a queue in order of arrival that is as long as there are places. */
export class Slots {
  #taken = 0
  readonly #queue = new Set<() => void>()

  /** Resolves with a place, to be given back by `release`. Throws `too_many_runs`, or the signal's reason. */
  take(limit: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#taken < limit) {
      this.#taken++
      return undefined
    }
    if (this.#queue.size >= limit) return Promise.reject(tooMany())
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
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
      const onAbort = () => refuse(signal.reason)
      const timer = setTimeout(() => refuse(tooMany()), longestWaitMs)
      signal.addEventListener('abort', onAbort)
      this.#queue.add(enter)
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
