import type { Answering, ChatEvent, Model } from '../contracts/models.js'

type Batch = readonly ChatEvent[]
type Step = IteratorResult<Batch, undefined>

/** Hands batches from a run to whoever reads them, one at a time: the run waits until each was taken. */
export class Pipe implements AsyncIterator<Batch, undefined> {
  /** Resolves with the first batch, once it is known which model speaks; rejects with the run's error before that. */
  readonly opened: Promise<Answering>
  readonly #model: Model
  #open!: (answering: Answering) => void
  #refuse!: (error: unknown) => void
  #held: { batch: Batch; taken: () => void } | undefined
  #reader: { resolve(step: Step): void; reject(error: unknown): void } | undefined
  #ended: { error: unknown } | undefined

  /** `model`: who speaks, if the run ends without a word. */
  constructor(model: Model) {
    this.#model = model
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#refuse = reject
    })
    // Whoever waits for it may have gone.
    this.opened.catch(() => undefined)
  }

  write(batch: Batch, by: Pick<Answering, 'model' | 'tried'>): Promise<void> | undefined {
    this.#begin(by)
    const reader = this.#reader
    this.#reader = undefined
    if (reader) {
      reader.resolve({ done: false, value: batch })
      return undefined
    }
    return new Promise((taken) => (this.#held = { batch, taken }))
  }

  #begin({ model, tried }: Pick<Answering, 'model' | 'tried'>) {
    this.#open({ model, tried, [Symbol.asyncIterator]: () => this })
  }

  /** The run is over: nothing more comes, or the error. */
  end(error: unknown) {
    this.#ended = { error }
    if (error === undefined) this.#begin({ model: this.#model, tried: [] })
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
