import { closed } from '../contracts/methods.js'

export interface TailParams {
  /** Byte offset that an earlier answer gave. */
  readonly cursor?: number
  /** Lines. */
  readonly limit: number
  readonly maxBytes: number
}

export const tailSchema = closed<TailParams>({
  cursor: { type: 'integer', minimum: 0 },
  limit: { type: 'integer', minimum: 1, maximum: 5_000, default: 500 },
  maxBytes: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 250_000 },
})
