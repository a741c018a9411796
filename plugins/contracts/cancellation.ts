/**
 * Whether a piece of work is still wanted. What an `AbortSignal` says, without the cost of one: on Node 20 an
 * `AbortController` for each request outlives young collections and takes more CPU than the rest of a chat's bookkeeping.
 */
export interface Cancellation {
  readonly aborted: boolean
  /** Why, once aborted. For a request it is a `GatewayError` with a code of the API vocabulary. */
  readonly reason: unknown
  /**
   * Be called once, synchronously, when it aborts; at once if it has. Call what it returns when the work is over. A
   * listener that throws does not keep others from being called: its error becomes an unhandled rejection.
   */
  onAbort(listener: (reason: unknown) => void): () => void
  /** The same as an `AbortSignal`, made when it is first asked for: for `fetch`, timers and other code that needs one. */
  readonly signal: AbortSignal
}

type Listener = (reason: unknown) => void

const nothing = () => undefined

function tell(listener: Listener, reason: unknown) {
  try {
    listener(reason)
  } catch (error) {
    void Promise.reject(error)
  }
}

/** The owner's side of a `Cancellation`: hand it on under that type, so that nobody else aborts. */
export class Canceller implements Cancellation {
  #aborted = false
  #reason: unknown
  #listeners: Set<{ readonly listener: Listener }> | undefined
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#aborted
  }
  get reason(): unknown {
    return this.#reason
  }
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }
  onAbort(listener: Listener): () => void {
    if (this.#aborted) {
      tell(listener, this.#reason)
      return nothing
    }
    // An entry of its own: the same function may be added twice.
    const entry = { listener }
    const listeners = (this.#listeners ??= new Set())
    listeners.add(entry)
    return () => void listeners.delete(entry)
  }
  /** The first reason counts; later ones are ignored. */
  abort(reason: unknown) {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
    const listeners = this.#listeners
    this.#listeners = undefined
    // One that another listener removes is not called any more.
    if (listeners) for (const { listener } of listeners) tell(listener, reason)
  }
}

/** The `Cancellation` of work that has an `AbortSignal`, as a plugin's tasks do. */
export const cancellationOf = (signal: AbortSignal): Cancellation => new SignalCancellation(signal)

class SignalCancellation implements Cancellation {
  readonly signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.signal = signal
  }
  get aborted(): boolean {
    return this.signal.aborted
  }
  get reason(): unknown {
    return this.signal.reason
  }
  onAbort(listener: Listener): () => void {
    const { signal } = this
    if (signal.aborted) {
      tell(listener, signal.reason)
      return nothing
    }
    const call = () => tell(listener, signal.reason)
    signal.addEventListener('abort', call, { once: true })
    return () => signal.removeEventListener('abort', call)
  }
}

/** What the work answers, or the reason of an abort before that, even if the work takes no notice. */
export async function orAborted<T>(work: Promise<T>, cancellation: Cancellation): Promise<T> {
  let unwatch = nothing as () => void
  const aborted = new Promise<never>((_, reject) => (unwatch = cancellation.onAbort(reject)))
  try {
    return await Promise.race([work, aborted])
  } finally {
    unwatch()
  }
}

/**
 * Read a source to its end; what `each` answers is awaited, if it is a promise. `opened` is called with the source once it is
 * there. Rejects with the reason on abort, even if the source takes no notice.
 */
export async function consume<T, S = unknown>(
  source: Promise<AsyncIterable<T> & S>,
  cancellation: Cancellation,
  each: (item: T) => Promise<unknown> | undefined,
  opened?: (source: AsyncIterable<T> & S) => void,
): Promise<void> {
  // One listener serves all waits in turn, since there is one for every network read.
  let interrupt: Listener | undefined
  const end = cancellation.onAbort((reason) => interrupt?.(reason))
  const until = <R>(work: Promise<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      interrupt = reject
      work.then(resolve, reject)
      if (cancellation.aborted) reject(cancellation.reason)
    })
  let iterator: AsyncIterator<T> | undefined
  try {
    const items = await until(source)
    // First, so that it is told when `opened` throws.
    iterator = items[Symbol.asyncIterator]()
    opened?.(items)
    for (let step = await until(iterator.next()); !step.done; step = await until(iterator.next())) {
      const waiting = each(step.value)
      if (waiting) await until(waiting)
    }
  } catch (error) {
    iterator?.return?.(undefined).catch(() => undefined)
    throw error
  } finally {
    end()
  }
}
