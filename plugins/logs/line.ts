import { type HookEvents, type Level, type LogRecord, messageOf, printable } from 'openclaw/plugin'
import type { Redact } from './redact.js'

/** Characters kept of a text. What may be remote is short; what the gateway itself words may be longer. */
const limits = { field: 256, message: 2_048, stack: 4_096 }
const longer: Readonly<Record<string, number>> = {
  error: limits.message,
  reason: limits.message,
  cause: limits.message,
  stack: limits.stack,
}
const longestLineBytes = 8_192
const deepest = 4
const mostItems = 32

/** One line without its time: what follows the time in the file, so that equal events give equal bodies. */
export function recordBody({ level, from, message, fields }: LogRecord, redact: Redact): string {
  const line: Record<string, unknown> = { level, from, msg: printable(redact(message), limits.message) }
  return bounded(fields ? withFields(line, fields, redact) : line)
}

export function servedBody({ call, status, durationMs, bytes, aborted, notes }: HookEvents['served'], redact: Redact): string {
  const line: Record<string, unknown> = {
    level: servedLevel(call, status),
    from: 'http',
    msg: 'served',
    method: call.method,
    // The path of a registered route is our own text; others may hold anything.
    path: call.route === `${call.method} ${call.path}` ? call.path : printable(redact(call.path), limits.field),
    status,
    durationMs: Math.round(durationMs * 10) / 10,
    bytes,
    requestId: call.id,
  }
  if (aborted) line['aborted'] = true
  return bounded(notes ? withFields(line, notes, redact) : line)
}

/** Fields beside the fixed ones; one that would hide a fixed one gets an underscore. */
function withFields(line: Record<string, unknown>, fields: Readonly<Record<string, unknown>>, redact: Redact) {
  for (const [key, value] of Object.entries(clean(fields, redact, 0) as object))
    line[key in line || key === 'time' ? `_${key}` : key] = value
  return line
}

/** Probes ask every second and say nothing new: what anyone may read and was well is for debugging. */
export function servedLevel(call: HookEvents['served']['call'], status: number): Level {
  if (status >= 500) return 'warn'
  return call.principal === undefined && status < 400 && (call.method === 'GET' || call.method === 'HEAD') ? 'debug' : 'info'
}

/** Valid JSON, so a reader never sees half a record: an oversize one loses its fields and says so. */
function bounded(line: Record<string, unknown>): string {
  const body = JSON.stringify(line)
  if (body.length * 3 <= longestLineBytes) return body
  const bytes = Buffer.byteLength(body)
  if (bytes <= longestLineBytes) return body
  const { level, from, msg } = line
  return JSON.stringify({ level, from, msg: printable(String(msg), limits.field), truncatedBytes: bytes })
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
    return `[unreadable: ${printable(messageOf(error))}]`
  }
}

function cleanEntries(value: object, redact: Redact, depth: number) {
  const out: Record<string, unknown> = {}
  let left = mostItems
  for (const key in value) {
    if (left-- === 0) break
    out[printable(redact(key), 64)] = clean((value as Record<string, unknown>)[key], redact, depth + 1, longer[key])
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
