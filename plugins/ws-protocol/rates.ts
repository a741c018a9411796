/** What one connection may send: `perSecond` in the long run, `burst` at once. */
export class TokenBucket {
  #tokens: number
  #at = performance.now()

  constructor(burst: number) {
    this.#tokens = burst
  }

  /** Take tokens; false when there are too few. What costs more than there can be takes all. */
  take(price: number, perSecond: number, burst: number): boolean {
    const cost = Math.min(price, burst)
    if (this.#tokens < cost) {
      const now = performance.now()
      this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1_000)
      this.#at = now
      if (this.#tokens < cost) return false
    }
    this.#tokens -= cost
    return true
  }
}

const windowMs = 60_000
const callsPerWindow = 3
const mostKeys = 1_000

/** Writes to the gateway's own configuration: 3 a minute for a device at an address, over all such methods together. */
export class ControlBudget {
  readonly #calls = new Map<string, number[]>()

  /** Milliseconds until the next one is allowed; 0 when it is allowed now, and counted. */
  take(key: string): number {
    const now = Date.now()
    const recent = (this.#calls.get(key) ?? []).filter((time) => now - time < windowMs)
    const [oldest = now] = recent
    if (recent.length >= callsPerWindow) return windowMs - (now - oldest)
    recent.push(now)
    this.#calls.delete(key)
    this.#calls.set(key, recent)
    const [first = key] = this.#calls.keys()
    if (this.#calls.size > mostKeys) this.#calls.delete(first)
    return 0
  }
}
