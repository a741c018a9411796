import type { Cancellation } from '../contracts/cancellation.js'
import type { RunOutcome } from '../contracts/runs.js'
import { tooMany } from './slots.js'

const maxWaiting = 1_000

/** Who waits for runs to end. */
export class Waiters {
  readonly #waiting = new Map<string, Set<(outcome: RunOutcome | undefined) => void>>()
  #count = 0

  /** The outcome of the run with this id, whether it runs already or not; undefined when time is up or nobody waits any more. */
  wait(runId: string, timeoutMs: number, cancellation: Cancellation): Promise<RunOutcome | undefined> {
    if (this.#count >= maxWaiting) return Promise.reject(tooMany('Too many clients wait for runs.'))
    return new Promise((resolve) => {
      const settle = (outcome: RunOutcome | undefined) => {
        clearTimeout(timer)
        unwatch()
        this.#count--
        waiting.delete(settle)
        if (waiting.size === 0) this.#waiting.delete(runId)
        resolve(outcome)
      }
      const waiting = this.#waiting.get(runId) ?? new Set()
      this.#waiting.set(runId, waiting)
      waiting.add(settle)
      this.#count++
      const timer = setTimeout(settle, timeoutMs, undefined)
      const unwatch = cancellation.onAbort(() => settle(undefined))
    })
  }

  tell(runId: string, outcome: RunOutcome) {
    this.#waiting.get(runId)?.forEach((settle) => settle(outcome))
  }
}
