import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Audience } from './audience.js'
import { invalid } from '../contracts/fields.js'

const keptMs = 600_000
const maxKept = 256
const keyPattern = /^[\x21-\x7e]{1,255}$/

/** The request's `Idempotency-Key`. Error: `invalid_value`. */
export function idempotencyKey({ headers }: IncomingMessage): string | undefined {
  const value = headers['idempotency-key']
  const key = typeof value === 'string' ? value.trim() : ''
  if (key === '') return undefined
  if (!keyPattern.test(key)) throw invalid('idempotency-key', '`Idempotency-Key` must be 1 to 255 printable characters without spaces.')
  return key
}

/** Who asked for what, as one short text: nobody else's request and no other body can be equal to it. */
export const digestOf = (...parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('base64')

/** Runs that a repeated request joins, or whose answer it gets again, for ten minutes. */
export class Replays {
  readonly #kept = new Map<string, { audience: Audience; timer: NodeJS.Timeout }>()

  find(digest: string): Audience | undefined {
    const audience = this.#kept.get(digest)?.audience
    return audience?.replayable ? audience : undefined
  }

  add(digest: string, audience: Audience) {
    this.#drop(digest)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#drop(oldest)
    const timer = setTimeout(() => this.#drop(digest), keptMs)
    timer.unref()
    this.#kept.set(digest, { audience, timer })
  }

  /** A run ended: forget it unless its answer can be given again. */
  settle(digest: string) {
    if (this.#kept.has(digest) && !this.find(digest)) this.#drop(digest)
  }

  clear() {
    for (const digest of this.#kept.keys()) this.#drop(digest)
  }

  #drop(digest: string) {
    clearTimeout(this.#kept.get(digest)?.timer)
    this.#kept.delete(digest)
  }
}
