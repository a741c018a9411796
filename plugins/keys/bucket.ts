const minuteMs = 60_000

/** Requests that a key may make: a minute's worth at once, refilled evenly. Times are ms. */
export class Bucket {
  #left: number
  #at: number

  constructor(
    readonly perMinute: number,
    now: number,
  ) {
    this.#left = perMinute
    this.#at = now
  }

  /** Count a request. Answers how long the next one has to wait; 0 when this one was counted. */
  take(now: number): number {
    // A clock that was set back must not empty it.
    const passedMs = Math.max(0, now - this.#at)
    this.#at = now
    this.#left = Math.min(this.perMinute, this.#left + (passedMs * this.perMinute) / minuteMs)
    // A hair below a whole one is a matter of rounding.
    if (this.#left < 1 - 1e-9) return Math.ceil(((1 - this.#left) * minuteMs) / this.perMinute)
    this.#left -= 1
    return 0
  }
}
