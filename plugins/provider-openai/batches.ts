import type { Flow, Sink } from './origin.js'

/** Turns bytes into items. Throwing ends the answer with that error. */
export interface Decoder<T> {
  push(chunk: Buffer, into: T[]): void
  /** The body is over. */
  end(into: T[]): void
  /** It broke off: answer the error, or nothing if everything that matters was there. */
  fail(cause: unknown, into: T[]): Error | undefined
  /** The last item has come, whatever else the body holds. */
  complete(): boolean
}

/** Bytes that are decoded ahead of the reader; past that the socket is paused. */
const highWater = 65_536

/**
 * Everything decoded from one network read is one batch. Decoding happens as the bytes come, so between the socket and
 * the reader there is one array and no queue. For one reader.
 */
export function createBatches<T>(flow: Flow, decoder: Decoder<T>): Sink & AsyncIterable<readonly T[]> {
  let batch: T[] = []
  let ahead = 0
  let paused = false
  let over = false
  let failure: Error | undefined
  let reader: { resolve: (result: IteratorResult<readonly T[]>) => void; reject: (error: unknown) => void } | undefined
  let waking = false

  const take = (): readonly T[] => {
    const taken = batch
    batch = []
    ahead = 0
    if (paused) {
      paused = false
      flow.resume()
    }
    return taken
  }
  const deliver = () => {
    waking = false
    const to = reader
    if (!to) return
    reader = undefined
    if (batch.length > 0) to.resolve({ value: take(), done: false })
    else if (failure) to.reject(failure)
    else to.resolve({ value: undefined, done: true })
  }
  // A chunked body comes in several calls for one network read; they all run before this microtask does.
  const wake = () => {
    if (!reader || waking || (batch.length === 0 && !over)) return
    waking = true
    queueMicrotask(deliver)
  }
  const stop = (error?: Error) => {
    over = true
    failure = error
  }
  const guarded = (step: () => void) => {
    try {
      step()
    } catch (error) {
      stop(error as Error)
      flow.abort(error as Error)
    }
  }

  return {
    data(chunk) {
      if (over) return flow.abort(new Error('The answer went on after its end.'))
      guarded(() => decoder.push(chunk, batch))
      if (decoder.complete()) over = true
      wake()
      ahead += chunk.length
      if (!reader && !over && ahead > highWater) {
        paused = true
        flow.pause()
      }
    },
    end() {
      if (!over) guarded(() => decoder.end(batch))
      over = true
      wake()
    },
    fail(cause) {
      if (!over) stop(decoder.fail(cause, batch))
      wake()
    },
    [Symbol.asyncIterator]: () => ({
      next() {
        if (batch.length > 0) return Promise.resolve({ value: take(), done: false })
        if (failure) return Promise.reject(failure)
        if (over) return Promise.resolve({ value: undefined, done: true })
        return new Promise((resolve, reject) => (reader = { resolve, reject }))
      },
      return() {
        if (!over) flow.abort(new Error('The reader left.'))
        stop()
        batch = []
        return Promise.resolve({ value: undefined, done: true })
      },
    }),
  }
}
