import { GatewayError } from 'openclaw/plugin'
import type { Format } from './request.js'

/** Far above real answers, and below what one string can hold. */
const maxReplyChars = 268_435_456

/** Checks vectors and writes them as items of the reply. */
export interface Encoder {
  /** Items as JSON, joined by commas; the first has the index `from`. Errors: `upstream_bad_response`, `unsupported_parameter`. */
  encode(vectors: readonly (readonly number[])[], from: number): string
}

/** For one request: all its vectors have the same length, which is `dimensions` if there is one. */
export function createEncoder(model: string, format: Format, dimensions: number | undefined): Encoder {
  const bad = (what: string) => new GatewayError('upstream_bad_response', `Model '${model}' answered with ${what}.`)
  let expected = dimensions
  let chars = 0

  const check = (vector: readonly number[]) => {
    if (!Array.isArray(vector) || vector.length === 0) throw bad('something else than vectors')
    if (vector.length !== (expected ??= vector.length)) {
      if (expected !== dimensions) throw bad('vectors of different lengths')
      const message = `Model '${model}' does not support \`dimensions\`: its vectors have ${vector.length}, not ${dimensions}.`
      throw new GatewayError('unsupported_parameter', message, { param: 'dimensions' })
    }
    // Also what is too large for the four bytes that base64 has for it.
    if (!vector.every((part) => Number.isFinite(Math.fround(part)))) throw bad('a vector that is not made of finite numbers')
  }

  return {
    encode(vectors, from) {
      const items = vectors.map((vector, i) => {
        check(vector)
        const embedding = format === 'base64' ? `"${base64Of(vector)}"` : JSON.stringify(vector)
        return `{"object":"embedding","index":${from + i},"embedding":${embedding}}`
      })
      const text = items.join(',')
      chars += text.length
      if (chars > maxReplyChars) throw bad('more than a reply can hold. Ask for fewer vectors at once')
      return text
    },
  }
}

/** Little-endian float32, whatever the machine's own order is. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4)
  vector.forEach((part, i) => bytes.writeFloatLE(part, i * 4))
  return bytes.toString('base64')
}
