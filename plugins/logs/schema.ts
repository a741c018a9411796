import { defineSchema } from 'openclaw/plugin'

export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** The section `logging`. */
export interface LogsConfig {
  /** Least severe level that reaches the file. */
  level: LogLevel
  /** Log file; relative to the state directory. Default `logs/gateway.jsonl` there. */
  file?: string
  /** Size at which the file is rotated. */
  maxFileBytes: number
  /** Rotated files kept beside the current one. */
  maxFiles: number
  redactSensitive: 'off' | 'tools'
  /** Regular expressions whose matches are masked, as text or as `/text/flags`. */
  redactPatterns: string[]
  /** Console of a gateway started by hand. Read by the CLI. */
  consoleLevel?: LogLevel
  consoleStyle?: 'pretty' | 'compact' | 'json'
}

const level = { type: 'string', enum: ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] }

export const schema = defineSchema<LogsConfig>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    level: { ...level, default: 'info', 'x-help': 'Least severe level that reaches the log file.' },
    file: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      'x-reload': 'process',
      'x-help': 'Log file, relative to the state directory. Default: logs/gateway.jsonl there.',
    },
    maxFileBytes: {
      type: 'integer',
      minimum: 65_536,
      maximum: 1_073_741_824,
      default: 52_428_800,
      'x-help': 'Size at which the file is rotated.',
    },
    maxFiles: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 5,
      'x-help': 'Rotated files kept beside the current one.',
    },
    redactSensitive: {
      type: 'string',
      enum: ['off', 'tools'],
      default: 'tools',
      'x-help': 'Whether redactPatterns are applied. Secrets of the configuration are always masked.',
    },
    redactPatterns: {
      type: 'array',
      maxItems: 100,
      items: { type: 'string', minLength: 1, maxLength: 1_000 },
      default: [],
      'x-reload': 'plugin',
      'x-help': 'Regular expressions whose matches are masked, as text or as /text/flags.',
    },
    consoleLevel: { ...level, 'x-help': 'Least severe level that reaches the console.' },
    consoleStyle: { type: 'string', enum: ['pretty', 'compact', 'json'], 'x-help': 'How the console prints records.' },
  },
})
