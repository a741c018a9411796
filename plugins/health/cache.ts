export interface Cache<T> {
  /** At most a second old. */
  read(): T
  /** The next `read` makes another. */
  expire(): void
}

const maxAgeMs = 1_000

/** Makes a value when it is asked for and the last one is old. */
export function createCache<T>(make: () => T): Cache<T> {
  let last: { readonly value: T; readonly expiresAt: number } | undefined
  return {
    read() {
      if (last && performance.now() < last.expiresAt) return last.value
      const value = make()
      last = { value, expiresAt: performance.now() + maxAgeMs }
      return value
    },
    expire() {
      last = undefined
    },
  }
}
