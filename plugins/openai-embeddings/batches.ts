import { type Input } from './input.js'

/** Inputs that go to the provider in one call. */
export interface Batch {
  /** Index of the first one in the request. */
  readonly from: number
  readonly input: Input
}

/** Characters or tokens of one call: some servers take 300,000 tokens, and in some languages a character is one. */
const maxSize = 262_144

/** In order, each with at most `maxInputs` inputs and, unless a single one is larger, 262,144 characters or tokens. */
export function split(input: Input, maxInputs: number): Batch[] {
  const batches: Batch[] = []
  let from = 0
  let size = 0
  input.forEach(({ length }: string | number[], at: number) => {
    if (at > from && (at - from === maxInputs || size + length > maxSize)) {
      batches.push({ from, input: input.slice(from, at) })
      from = at
      size = 0
    }
    size += length
  })
  batches.push({ from, input: input.slice(from) })
  return batches
}
