import type { Failure } from './failure.js'

/** Retries of one call: after a rate limit, and after a fault of the server or the connection. */
const retries = { rate: 2, server: 1 }
/** All waiting of one call. */
const windowMs = 10_000
const firstWaitMs = { rate: 500, server: 100 }
/** Retries may be this share of the traffic, beyond a few that are always allowed. */
const share = 0.1
const spare = 10

/** One provider's allowance of retries, so that an upstream in trouble does not get more requests, but fewer. */
export function createRetryBudget() {
  let tokens = spare
  return {
    /** Once for each call. */
    earn() {
      tokens = Math.min(spare, tokens + share)
    },
    /** How long to wait before the next attempt; undefined: give up. `attempt` counts from 0, `elapsedMs` from the first. */
    delayMs({ retry, afterMs }: Failure, attempt: number, elapsedMs: number): number | undefined {
      if (!retry || attempt >= retries[retry] || tokens < 1) return undefined
      const ceilingMs = firstWaitMs[retry] * 2 ** attempt
      // Never earlier than asked, and spread out: many calls are told the same.
      const waitMs = (afterMs ?? ceilingMs / 2) + (Math.random() * ceilingMs) / 2
      if (elapsedMs + waitMs > windowMs) return undefined
      tokens -= 1
      return waitMs
    },
  }
}
