import { dimensions } from './embedder.js'

/** Unit vectors in one byte a dimension: a quarter of the size, and the same ranking. */
export function pack(vectors: readonly Float32Array[]): Buffer {
  const bytes = Buffer.alloc(vectors.length * dimensions)
  for (const [row, vector] of vectors.entries()) {
    const scale = 127 / (vector.reduce((most, part) => Math.max(most, Math.abs(part)), 0) || 1)
    for (const [i, part] of vector.entries()) bytes.writeInt8(Math.round(part * scale), row * dimensions + i)
  }
  return bytes
}

export function unpack(bytes: Buffer): Float32Array[] {
  return Array.from({ length: bytes.length / dimensions }, (_, row) => {
    const vector = Float32Array.from({ length: dimensions }, (_, i) => bytes.readInt8(row * dimensions + i))
    const length = Math.hypot(...vector) || 1
    return vector.map((part) => part / length)
  })
}
