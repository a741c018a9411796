import type { EmbeddingRequest, EmbeddingResult } from '../contracts/models.js'
import type { Collected } from './collect.js'
import type { Dialect } from './dialect.js'
import { brokenFailure, malformed } from './failure.js'

/** The body of `POST /embeddings`, as JSON. */
export const embeddingBody = (model: string, { input, dimensions }: EmbeddingRequest, { base64Vectors }: Dialect): string =>
  JSON.stringify({ model, input, encoding_format: base64Vectors ? 'base64' : 'float', dimensions })

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
    const vector = vectorOf(item?.embedding)
    if (at < 0 || at >= count || vectors[at] || !vector) throw malformed(provider, 'something else than vectors')
    vectors[at] = vector
  }
  const tokens = body.usage?.prompt_tokens
  return { vectors, ...(typeof tokens === 'number' && { promptTokens: tokens }) }
}

/** Numbers, or base64 of little-endian float32, whichever was asked for: servers have their own ideas. */
function vectorOf(value: unknown): number[] | undefined {
  if (typeof value !== 'string') return isVector(value) ? value : undefined
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4))
}

const isVector = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'number')
