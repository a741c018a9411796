import type { Cancellation } from '../contracts/cancellation.js'
import type { Reservation } from '../contracts/ledger.js'
import type { Answering, ChatEvent, Model, Usage } from '../contracts/models.js'

type Batch = readonly ChatEvent[]

/** What has to be done once a call of a model is over, and what it used until then. */
export class Bill {
  usage: Usage | undefined
  reservation: Reservation | undefined
  readonly #release: (() => void) | undefined
  #unwatch: (() => void) | undefined
  #over = false

  constructor(release: (() => void) | undefined) {
    this.#release = release
  }

  /** An abort ends the call, whether or not anybody reads on. */
  watch(cancellation: Cancellation) {
    this.#unwatch = cancellation.onAbort(() => this.close(true))
  }

  /** The call is over; `made`: the model may have worked for it. Only the first time counts. */
  close(made: boolean) {
    if (this.#over) return
    this.#over = true
    this.#unwatch?.()
    this.#release?.()
    this.reservation?.settle(this.usage, made)
  }
}

/** A model's answer, and who gives it. */
export class Answer implements Answering {
  readonly model: Model
  readonly tried: readonly string[]
  readonly #source: AsyncIterable<Batch>
  readonly #bill: Bill | undefined

  constructor(model: Model, tried: readonly string[], source: AsyncIterable<Batch>, bill: Bill | undefined) {
    this.model = model
    this.tried = tried
    this.#source = source
    this.#bill = bill
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    const batches = this.#source[Symbol.asyncIterator]()
    return this.#bill ? new Billed(batches, this.#bill) : batches
  }
}

/** Batches as they are, with an eye on what they cost. By hand: a generator would add several promises to each. */
class Billed implements AsyncIterator<Batch> {
  readonly #batches: AsyncIterator<Batch>
  readonly #bill: Bill

  constructor(batches: AsyncIterator<Batch>, bill: Bill) {
    this.#batches = batches
    this.#bill = bill
  }

  next(): Promise<IteratorResult<Batch>> {
    return this.#batches.next().then(this.#seen, this.#broke)
  }

  readonly #seen = (step: IteratorResult<Batch>): IteratorResult<Batch> => {
    if (step.done) this.#bill.close(true)
    else for (const event of step.value) if (event.type === 'usage') this.#bill.usage = event.usage
    return step
  }
  readonly #broke = (error: unknown): never => {
    this.#bill.close(true)
    throw error
  }

  async return(): Promise<IteratorResult<Batch>> {
    this.#bill.close(true)
    await this.#batches.return?.()
    return { value: undefined, done: true }
  }
}
