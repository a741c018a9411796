import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import type { EmbeddingRequest, EmbeddingResult } from '../contracts/models.js'
import { dimensions } from './embedder.js'
import type { WorkerHost } from './worker-host.js'

/** The model reads a sentence or a paragraph; more than that is cut. About 180 words. */
const chunkCharacters = 1_000
/** What the worker computes at a stretch: an abort takes effect after it. */
const batchCharacters = 4_000
const batchChunks = 16

interface Chunk {
  readonly text: string
  /** Index of the input it is a part of. */
  readonly of: number
}

/**
 * Vectors of texts. A long text is cut at spaces, and its vector is the mean of its chunks by their length, of length 1 again.
 * Errors: `invalid_value`, and those of the worker.
 */
export async function embedTexts(
  ask: WorkerHost['ask'],
  { input, dimensions: wanted }: EmbeddingRequest,
  cancellation: Cancellation,
): Promise<EmbeddingResult> {
  if (wanted !== undefined && wanted !== dimensions)
    throw new GatewayError('invalid_value', `This model has ${dimensions} dimensions and no others.`, { param: 'dimensions' })
  const texts = input.map(checked)
  const sums = texts.map(() => new Float32Array(dimensions))
  for (const batch of batches(texts.flatMap((text, of) => cut(text).map((chunk) => ({ text: chunk, of }))))) {
    const vectors = await ask({ kind: 'embed', texts: batch.map(({ text }) => text) }, cancellation)
    for (const [i, { text, of }] of batch.entries()) {
      const sum = sums[of] as Float32Array
      vectors[i]?.forEach((part, at) => (sum[at] = (sum[at] as number) + part * text.length))
    }
  }
  const characters = texts.reduce((total, text) => total + text.length, 0)
  return { vectors: sums.map(unit), promptTokens: Math.ceil(characters / 4) }
}

function checked(text: string | number[], index: number): string {
  if (typeof text !== 'string') throw new GatewayError('invalid_value', 'This model takes texts, not tokens.', { param: 'input' })
  if (text.trim() === '') throw new GatewayError('invalid_value', `Input ${index} is empty.`, { param: 'input' })
  return text
}

/** Pieces of at most `chunkCharacters`, cut at a space where there is one. Joined, they are the text. */
export function cut(text: string): string[] {
  const chunks: string[] = []
  let rest = text
  while (rest.length > chunkCharacters) {
    const space = rest.lastIndexOf(' ', chunkCharacters)
    const end = space > chunkCharacters / 2 ? space : chunkCharacters
    chunks.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
  chunks.push(rest)
  return chunks
}

function* batches(chunks: readonly Chunk[]): Generator<Chunk[]> {
  let batch: Chunk[] = []
  let characters = 0
  for (const chunk of chunks) {
    if (batch.length === batchChunks || (batch.length > 0 && characters + chunk.text.length > batchCharacters)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(chunk)
    characters += chunk.text.length
  }
  if (batch.length > 0) yield batch
}

function unit(vector: Float32Array): number[] {
  const length = Math.hypot(...vector) || 1
  return Array.from(vector, (part) => part / length)
}
