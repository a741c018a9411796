import { type HookEvents, type Level, type LogRecord, messageOf, printable } from 'openclaw/plugin'
import type { Redact } from './redact.js'

/** Characters kept of a text. What may be remote is short; what the gateway itself words may be longer. */
const limits = { key: 64, field: 256, message: 2_048, stack: 4_096 }
const longer: ReadonlyMap<string, number> = new Map([
  ['error', limits.message],
  ['reason', limits.message],
  ['cause', limits.message],
  ['stack', limits.stack],
])
const recordKeys: ReadonlySet<string> = new Set(['time', 'level', 'from', 'msg'])
const servedKeys: ReadonlySet<string> = new Set([...recordKeys, 'method', 'path', 'status', 'durationMs', 'bytes', 'requestId', 'aborted'])
const longestLineBytes = 8_192
const deepest = 4
const mostItems = 32

/** One line without its time: what follows the time in the file, so that equal events give equal bodies. */
export function recordBody({ level, from, message, fields }: LogRecord, redact: Redact): string {
  const msg = printable(redact(message), limits.message)
  const head = `{"level":"${level}","from":${quoted(from)},"msg":${quoted(msg)}`
  return bounded(head + rest(fields, recordKeys, redact), level, from, msg)
}

/** Put together as text: there is one for every request, and an object on the way would double its cost. */
export function servedBody({ call, status, durationMs, bytes, aborted, notes }: HookEvents['served'], redact: Redact): string {
  const { method, path, route, id } = call
  const level = servedLevel(call, status)
  // The path of a registered route is our own text; others may hold anything.
  const shown = route === `${method} ${path}` ? path : printable(redact(path), limits.field)
  const head =
    `{"level":"${level}","from":"http","msg":"served","method":${quoted(method)},"path":${quoted(shown)}` +
    `,"status":${status},"durationMs":${Math.round(durationMs * 10) / 10},"bytes":${bytes},"requestId":${quoted(id)}`
  return bounded((aborted ? `${head},"aborted":true` : head) + rest(notes, servedKeys, redact), level, 'http', 'served')
}

const escaped = /["\\\u0000-\u001f\ud800-\udfff]/
/** A string as JSON. Most have nothing to escape, and telling so costs less than the serialiser. */
const quoted = (text: string) => (escaped.test(text) ? JSON.stringify(text) : `"${text}"`)

/** The rest of a line: fields beside the fixed ones. One that would hide a fixed one gets an underscore. */
function rest(fields: Readonly<Record<string, unknown>> | undefined, fixed: ReadonlySet<string>, redact: Redact): string {
  const own = fields instanceof Error ? { error: fields } : fields
  let text = ''
  let left = mostItems
  for (const key in own) {
    if (left-- === 0) break
    const value = read(own, key, redact)
    const json = typeof value === 'string' ? quoted(value) : JSON.stringify(value)
    if (json === undefined) continue
    const name = printable(redact(key), limits.key)
    text += `,${quoted(fixed.has(name) ? `_${name}` : name)}:${json}`
  }
  return `${text}}`
}

function read(fields: Readonly<Record<string, unknown>>, key: string, redact: Redact): unknown {
  try {
    return clean(fields[key], redact, 1, longer.get(key))
  } catch (error) {
    return unreadable(error)
  }
}

const unreadable = (error: unknown) => `[unreadable: ${printable(messageOf(error))}]`

/** Probes ask every second and say nothing new: what anyone may read and was well is for debugging. */
export function servedLevel(call: HookEvents['served']['call'], status: number): Level {
  if (status >= 500) return 'warn'
  return call.principal === undefined && status < 400 && (call.method === 'GET' || call.method === 'HEAD') ? 'debug' : 'info'
}

/** Valid JSON, so a reader never sees half a record: an oversize one loses its fields and says so. */
function bounded(body: string, level: Level, from: string, msg: string): string {
  if (body.length * 3 <= longestLineBytes) return body
  const bytes = Buffer.byteLength(body)
  if (bytes <= longestLineBytes) return body
  return JSON.stringify({ level, from, msg: printable(msg, limits.field), truncatedBytes: bytes })
}

/** A copy of any value that is small, printable, without secrets and fit for JSON. */
function clean(value: unknown, redact: Redact, depth: number, limit = limits.field): unknown {
  if (typeof value === 'string') return printable(redact(value), limit)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return '[deeper]'
  try {
    if (value instanceof Error) return cleanError(value, redact)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    const plain = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
    if (plain !== value) return clean(plain, redact, depth + 1, limit)
    if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => clean(item, redact, depth + 1))
    return cleanEntries(value, redact, depth)
  } catch (error) {
    return unreadable(error)
  }
}

function cleanEntries(value: object, redact: Redact, depth: number) {
  const out: Record<string, unknown> = {}
  let left = mostItems
  for (const key in value) {
    if (left-- === 0) break
    out[printable(redact(key), limits.key)] = clean((value as Record<string, unknown>)[key], redact, depth + 1, longer.get(key))
  }
  return out
}

function cleanError(error: Error & { code?: unknown }, redact: Redact) {
  return {
    name: error.name,
    ...(error.code !== undefined && { code: printable(String(error.code)) }),
    message: printable(redact(error.message), limits.message),
    ...(error.stack && { stack: printable(redact(error.stack), limits.stack) }),
  }
}
