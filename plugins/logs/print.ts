import type { Offline } from '../contracts/offline.js'
import { localTime } from '../contracts/units.js'

/** What `logs.tail` answers. */
export interface Tail {
  readonly file: string
  readonly cursor: number
  readonly size: number
  readonly lines: readonly string[]
  readonly truncated?: boolean
  readonly reset?: boolean
}

export interface LogPrinter {
  /** `first`: also which file it is. */
  print(tail: Tail, first: boolean): void
  notice(message: string): void
}

/** Log lines for people, or as one JSON document a line. */
export function createLogPrinter(out: Offline['out'], { json, local }: { json: boolean; local: boolean }): LogPrinter {
  const say = (document: unknown) => out.print(JSON.stringify(document))
  const notice = (message: string) => (json ? say({ type: 'notice', message }) : out.error(message))
  return {
    notice,
    print({ file, cursor, size, lines, truncated, reset }, first) {
      if (first) {
        if (json) say({ type: 'meta', file, cursor, size })
        else out.print(`Log file: ${file}`)
      }
      if (truncated) notice('Log tail truncated (increase --max-bytes).')
      if (reset) notice('Log cursor reset (file rotated).')
      for (const line of lines) {
        const entry = readLine(line)
        if (json) say(entry ? { type: 'log', ...documentOf(entry), raw: line } : { type: 'raw', raw: line })
        else out.print(entry ? textOf(entry, local) : line)
      }
    },
  }
}

interface Entry {
  readonly time: string
  readonly level: string
  readonly from: string
  readonly msg: string
  readonly [field: string]: unknown
}

function readLine(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line)
    const { time, level, from, msg } = entry ?? {}
    return [time, level, from, msg].every((part) => typeof part === 'string') ? entry : undefined
  } catch {
    return undefined
  }
}

const documentOf = ({ time, level, from, msg }: Entry) => ({ time, level, subsystem: from, message: msg })

/** The numbered fields and `_meta` say the same again, for other readers. */
function textOf({ time, level, from, msg, 0: _0, 1: _1, _meta, ...fields }: Entry, local: boolean): string {
  const shown = local && !Number.isNaN(Date.parse(time)) ? localTime(new Date(time)) : time
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
  )
  return [shown, level, from, msg, ...rest].join(' ')
}
