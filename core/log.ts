import { SyncHook } from 'tapable'

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type Level = (typeof levels)[number]

export interface LogRecord {
  /** Milliseconds since the epoch. */
  time: number
  level: Level
  /** The plugin that wrote it, or `gateway`. */
  from: string
  message: string
  fields?: Readonly<Record<string, unknown>>
}

export type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void
export type Log = Record<Level, Write>

/** How many records of a start are kept for a log plugin that is not up yet. */
const earlyLimit = 1_000
/** Nesting of a record's fields. */
const deepest = 8

/**
 * The gateway's own log: structured records to the host's sink and to the `logged` hook of the current generation.
 * Records written before the first generation are replayed to it.
 */
export function createLogBook(sink: (record: LogRecord) => void, redact: (text: string) => string) {
  let hook: SyncHook<[LogRecord]> | undefined
  let early: LogRecord[] = []
  const clean = (value: unknown, depth = 0): unknown => {
    if (typeof value === 'string') return redact(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth > deepest) return '…'
    if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1))
    if (Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key, depth)]))
  }
  /** A log line must never be what fails. */
  const read = (value: object, key: string, depth: number): unknown => {
    try {
      return clean(value[key as never], depth + 1)
    } catch (error) {
      return `[unreadable: ${error}]`
    }
  }
  const write = (from: string, level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => {
    const record: LogRecord = {
      time: Date.now(),
      level,
      from,
      message: redact(message),
      ...(fields && { fields: clean(fields) as Record<string, unknown> }),
    }
    sink(record)
    if (hook) hook.call(record)
    else if (early.length < earlyLimit) early.push(record)
  }
  return {
    for(from: string): Log {
      return Object.fromEntries(
        levels.map((level) => [level, (message: string, fields?: object) => write(from, level, message, fields as never)]),
      ) as Log
    },
    /** Called at commit. */
    attach(next: SyncHook<[LogRecord]> | undefined) {
      hook = next
      for (const record of early) next?.call(record)
      early = []
    },
  }
}

const unprintable =
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * Text from outside, made safe for a log line or a terminal: control, bidirectional and lone surrogate characters
 * become `\u…` escapes, and it is cut to `limit` characters.
 */
export function printable(text: string, limit = 256): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return cut.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
