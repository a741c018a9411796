import { messageOf } from 'openclaw/plugin'
import { createLineQueue } from './queue.js'
import { createRotatingFile, type RotationLimits } from './rotating.js'

/** What its owner must hear of; each is told once, when it begins. */
export type LogFileProblem = { failed: string } | { recovered: true; dropped: number }

export interface LogFile {
  readonly path: string
  /** Queue one line: its time, and a JSON object with everything else. Never throws, never waits. */
  append(timeMs: number, body: string): void
  /** Write what is queued. Resolves when it is written, or known to be unwritable for now. */
  flush(): Promise<void>
  /** Flush, within a few seconds, and let go of the file. */
  close(): Promise<void>
  /** Who reads the limits and hears of problems: the plugin that holds the file now. */
  owner: { limits(): RotationLimits; tell(problem: LogFileProblem): void }
}

/** A line reaches the file this long after it was written, or earlier. */
const flushAfterMs = 250
const batchChars = 65_536
const mostQueuedChars = 4_194_304
const retryMs = { first: 1_000, longest: 60_000 }
const closeLimitMs = 5_000

/** A JSONL file written in batches. Opens nothing before the first flush. A disk that fails costs lines, never an exception. */
export function createLogFile(path: string, owner: LogFile['owner']): LogFile {
  const queue = createLineQueue(mostQueuedChars)
  const out = createRotatingFile(path, () => file.owner.limits())
  let failures = 0
  let retryAt = 0
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined
  let closed = false
  /** Somebody waits for what is queued; else a batch is worth a write only when it is whole, or old. */
  let urgent = false

  const arm = () => {
    if (!closed) timer ??= setTimeout(write, Math.max(flushAfterMs, retryAt - performance.now())).unref()
  }
  const flush = (): Promise<void> => {
    urgent = true
    return write()
  }
  const write = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    flushing ??= writeAll().finally(() => {
      flushing = undefined
      if (queue.empty) urgent = false
      else if (urgent && performance.now() >= retryAt) return write()
      else arm()
    })
    return flushing
  }
  const writeAll = async () => {
    // Lines come while others are written: taking each few at once would cost a look at the file and a write every time.
    for (let first = true; first || urgent || queue.chars >= batchChars; first = false) {
      if (queue.empty || performance.now() < retryAt) return
      const lines = queue.take(batchChars)
      try {
        await out.write(lines.join(''))
      } catch (error) {
        queue.putBack(lines)
        return failed(messageOf(error))
      }
      const dropped = queue.takeDropped()
      if (dropped > 0) queue.notice('lines were dropped: the disk is too slow or full', dropped)
      if (failures > 0) file.owner.tell({ recovered: true, dropped })
      failures = 0
    }
  }
  const failed = (reason: string) => {
    const waitMs = Math.min(retryMs.first * 2 ** failures, retryMs.longest)
    retryAt = performance.now() + waitMs * (0.5 + Math.random() / 2)
    if (failures++ === 0) file.owner.tell({ failed: reason })
  }
  const file: LogFile = {
    path,
    owner,
    append(timeMs, body) {
      queue.append(timeMs, body)
      if (queue.chars >= batchChars && !flushing && performance.now() >= retryAt) void write()
      else arm()
    },
    flush,
    async close() {
      closed = true
      retryAt = 0
      let limit: NodeJS.Timeout | undefined
      const waited = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, closeLimitMs)
      })
      await Promise.race([flush().then(() => out.close()), waited])
      clearTimeout(limit)
    },
  }
  return file
}
