/** Messages of one connection between two looks at the others. */
const mostAtOnce = 4

/** Counts the rounds of the event loop in which somebody asked. One for all connections. */
export class Rounds {
  #round = 0
  #counting = false

  now(): number {
    if (!this.#counting) {
      this.#counting = true
      setImmediate(() => {
        this.#counting = false
        this.#round++
      })
    }
    return this.#round
  }
}

/** How an inbox stops what comes in: calls come in pairs. */
export interface Intake {
  hold(): void
  release(): void
}

/**
 * Hands on what a connection sends, a few messages a round of the event loop: the parser gives all that one network read held
 * at once, and whoever floods must not delay the others. What was read beyond that waits, and nothing more is read.
 */
export class Inbox {
  #round = -1
  #heard = 0
  #waiting: Buffer[] | undefined
  #resting = false

  constructor(
    readonly rounds: Rounds,
    readonly intake: Intake,
    readonly hear: (data: Buffer) => void,
  ) {}

  push(data: Buffer) {
    if (this.#waiting) return void this.#waiting.push(data)
    const round = this.rounds.now()
    if (round !== this.#round) {
      this.#round = round
      this.#heard = 0
    }
    if (this.#heard++ < mostAtOnce) return this.hear(data)
    this.#wait().push(data)
    setImmediate(() => this.#next())
  }

  /** Hand on nothing for a while: whoever sends too much waits for its answers. */
  rest(ms: number) {
    if (this.#resting) return
    this.#resting = true
    this.#wait()
    setTimeout(() => {
      this.#resting = false
      this.#next()
    }, ms).unref()
  }

  #wait(): Buffer[] {
    if (this.#waiting) return this.#waiting
    this.intake.hold()
    return (this.#waiting = [])
  }

  #next() {
    const waiting = this.#waiting
    if (!waiting || this.#resting) return
    for (const data of waiting.splice(0, mostAtOnce)) this.hear(data)
    if (this.#resting) return
    if (waiting.length > 0) return void setImmediate(() => this.#next())
    this.#waiting = undefined
    this.intake.release()
  }
}
