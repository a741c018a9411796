import type { ChatEvent, Model } from '../contracts/models.js'
import type { Answering } from './attempt.js'

type Batch = readonly ChatEvent[]
type Step = IteratorResult<Batch, undefined>

/** Hands batches from a run to whoever reads them, one at a time: the run waits until each was taken. */
export class Pipe implements AsyncIterator<Batch, undefined> {
  /** Resolves with the first batch, once it is known which model speaks; rejects with the run's error before that. */
  readonly opened: Promise<Answering>
  #open!: (answering: Answering) => void
  #refuse!: (error: unknown) => void
  #held: { batch: Batch; taken: () => void } | undefined
  #reader: { resolve(step: Step): void; reject(error: unknown): void } | undefined
  #ended: { error: unknown } | undefined

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#refuse = reject
    })
    // Whoever waits for it may have gone.
    this.opened.catch(() => undefined)
  }

  write(batch: Batch, model?: Model): Promise<void> | undefined {
    this.#open({ ...(model && { model }), [Symbol.asyncIterator]: () => this })
    const reader = this.#reader
    this.#reader = undefined
    if (reader) {
      reader.resolve({ done: false, value: batch })
      return undefined
    }
    return new Promise((taken) => (this.#held = { batch, taken }))
  }

  /** The run is over: nothing more comes, or the error. */
  end(error: unknown) {
    this.#ended = { error }
    if (error === undefined) this.#open({ [Symbol.asyncIterator]: () => this })
    else this.#refuse(error)
    if (!this.#reader) return
    if (error === undefined) this.#reader.resolve({ done: true, value: undefined })
    else this.#reader.reject(error)
  }

  next(): Promise<Step> {
    const held = this.#held
    this.#held = undefined
    if (held) {
      held.taken()
      return Promise.resolve({ done: false, value: held.batch })
    }
    if (this.#ended)
      return this.#ended.error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(this.#ended.error)
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }))
  }

  /** Nobody reads any more. */
  return(): Promise<Step> {
    this.#held?.taken()
    this.#held = undefined
    return Promise.resolve({ done: true, value: undefined })
  }
}
