/** From a callback to a reader. For one reader; what is pushed ahead of it waits, so the writer has to be bounded. */
export interface Pipe<T> extends AsyncIterable<T> {
  push(item: T): void
  end(): void
  fail(reason: unknown): void
}

export function createPipe<T>(): Pipe<T> {
  const items: T[] = []
  let over: { readonly failure?: { readonly reason: unknown } } | undefined
  let wake = () => undefined as void
  const finish = (how: typeof over) => {
    over ??= how
    wake()
  }
  async function* read(): AsyncGenerator<T> {
    for (;;) {
      const item = items.shift()
      if (item !== undefined) yield item
      else if (over?.failure) throw over.failure.reason
      else if (over) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    push(item) {
      items.push(item)
      wake()
    },
    end: () => finish({}),
    fail: (reason) => finish({ failure: { reason } }),
    [Symbol.asyncIterator]: read,
  }
}
