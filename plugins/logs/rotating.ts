import { mkdir, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { RotatingFileStream } from 'rotating-file-stream'

export interface RotationLimits {
  maxBytes: number
  maxFiles: number
}

export interface RotatingFile {
  /** Append text, opening the file if need be. Rejects with the reason when the disk refuses; the next call tries anew. */
  write(text: string): Promise<void>
  close(): Promise<void>
}

/** A file of mode 0600 in a directory of mode 0700, rotated to `<path>.1`, `<path>.2`, … by size. Limits may change between writes. */
export function createRotatingFile(path: string, limits: () => RotationLimits): RotatingFile {
  let stream: RotatingFileStream | undefined
  let current: RotationLimits | undefined
  let failure: Error | undefined

  const close = async () => {
    const closing = stream
    stream = undefined
    if (closing) await new Promise<void>((resolve) => closing.end(() => resolve()))
  }
  const reopen = async (next: RotationLimits): Promise<RotatingFileStream> => {
    const { createStream } = await import('rotating-file-stream')
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const torn = await endsMidLine(path)
    const size = `${next.maxBytes}B` as const
    const opened = createStream(basename(path), { path: dirname(path), size, rotate: next.maxFiles, mode: 0o600 })
    opened.on('error', (error) => {
      failure = error
      if (stream === opened) stream = undefined
    })
    if (torn) opened.write('\n')
    failure = undefined
    current = next
    stream = opened
    return opened
  }
  return {
    close,
    async write(text) {
      const next = limits()
      const same = current?.maxBytes === next.maxBytes && current.maxFiles === next.maxFiles
      if (stream && !(same && (await exists(path)))) await close()
      const to = stream ?? (await reopen(next))
      await new Promise<void>((resolve, reject) => to.write(text, (error) => (error ? reject(failure ?? error) : resolve())))
    },
  }
}

/** False when it was deleted or moved under us: writing on would go nowhere. */
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Whether the last line was cut short by a crash or a full disk: the next record then begins on a line of its own. */
async function endsMidLine(path: string): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>> | undefined
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    if (size === 0) return false
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer[0] !== 0x0a
  } catch {
    // Not there, or not readable: then opening it for writing tells.
    return false
  } finally {
    await file?.close()
  }
}
