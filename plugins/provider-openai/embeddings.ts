import type { EmbeddingRequest, EmbeddingResult } from '../contracts/models.js'
import { brokenFailure, malformed } from './failure.js'
import type { Collected } from './collect.js'

/** The body of `POST /embeddings`, as JSON. */
export const embeddingBody = (model: string, { input, dimensions, user }: EmbeddingRequest): string =>
  JSON.stringify({ model, input, encoding_format: 'float', dimensions, user })

/** One vector for each input, whatever order they came in. Errors: `upstream_bad_response`. */
export function embeddingResult(provider: string, { text, cause }: Collected, count: number, idleMs: number): EmbeddingResult {
  if (cause !== undefined) throw brokenFailure(provider, cause, idleMs)
  let body: { data?: unknown; usage?: { prompt_tokens?: unknown } }
  try {
    body = JSON.parse(text)
  } catch {
    throw malformed(provider, 'broken JSON')
  }
  if (!Array.isArray(body?.data) || body.data.length !== count) throw malformed(provider, 'another number of vectors than asked for')
  const vectors: number[][] = []
  for (const [i, item] of body.data.entries()) {
    const at = Number.isInteger(item?.index) ? item.index : i
    if (at < 0 || at >= count || vectors[at] || !isVector(item?.embedding)) throw malformed(provider, 'something else than vectors')
    vectors[at] = item.embedding
  }
  const tokens = body.usage?.prompt_tokens
  return { vectors, ...(typeof tokens === 'number' && { promptTokens: tokens }) }
}

const isVector = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'number')
