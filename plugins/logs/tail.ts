import { type FileHandle, open } from 'node:fs/promises'
import type { TailParams } from './params-schema.js'

export interface Tail {
  readonly file: string
  /** Where the next read begins: the end of the last whole line. */
  readonly cursor: number
  readonly size: number
  readonly lines: readonly string[]
  /** Older text was left out because of `maxBytes`. */
  readonly truncated: boolean
  /** The cursor was of no use: the file was rotated, or too much has come since. */
  readonly reset: boolean
}

const newline = 0x0a

/** The newest whole lines of a file, or those after a cursor. A missing file is an empty one. Rejects when it cannot be read. */
export async function readTail(path: string, params: TailParams): Promise<Tail> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { file: path, cursor: 0, size: 0, lines: [], truncated: false, reset: (params.cursor ?? 0) > 0 }
  }
  try {
    return await read(path, file, params)
  } finally {
    await file.close()
  }
}

async function read(path: string, file: FileHandle, { cursor, limit, maxBytes }: TailParams): Promise<Tail> {
  const { size } = await file.stat()
  const reset = cursor !== undefined && (cursor > size || size - cursor > maxBytes)
  const from = cursor === undefined || reset ? Math.max(0, size - maxBytes) : cursor
  // One byte before it tells whether it is the beginning of a line.
  const start = Math.max(0, from - 1)
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size - start), 0, size - start, start)
  const bytes = buffer.subarray(0, bytesRead)
  const first = from === 0 ? 0 : bytes.indexOf(newline) + 1
  const end = bytes.lastIndexOf(newline) + 1
  const whole = from > 0 && first === 0 ? '' : bytes.toString('utf8', first, Math.max(first, end))
  const lines = whole.split('\n').filter((line) => line !== '')
  return {
    file: path,
    cursor: Math.max(from, start + end),
    size,
    lines: lines.slice(-limit),
    truncated: from > 0 && (cursor === undefined || reset),
    reset,
  }
}
