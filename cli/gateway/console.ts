import { type LogRecord, printable } from 'openclaw/plugin'
import { localTime } from '../../plugins/contracts/units.js'

/** Levels by severity. `silent` shows nothing. */
const severity = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5, silent: 6 }
export type ConsoleLevel = keyof typeof severity
export const isConsoleLevel = (value: unknown): value is ConsoleLevel => typeof value === 'string' && Object.hasOwn(severity, value)

/** What the console of a running gateway shows. Changed in place when the configuration says so. */
export interface ConsoleSettings {
  level: ConsoleLevel
  style: 'pretty' | 'compact' | 'json'
}

/** A log sink for the terminal: `<local time> [<from>] <message>`. Warnings and worse go to stderr. */
export function createConsole(
  settings: ConsoleSettings,
  stdout: { write(text: string): unknown } = process.stdout,
  stderr: { write(text: string): unknown } = process.stderr,
) {
  return (record: LogRecord) => {
    if (severity[record.level] < severity[settings.level]) return
    const stream = severity[record.level] >= severity.warn ? stderr : stdout
    stream.write(`${settings.style === 'json' ? JSON.stringify(record) : formatRecord(record)}\n`)
  }
}

export const formatRecord = ({ time, from, message }: LogRecord): string =>
  `${localTime(new Date(time))} [${printable(from)}] ${printable(message, 8_192)}`
