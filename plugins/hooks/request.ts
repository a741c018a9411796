import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { checkJsonShape } from '../contracts/json.js'

/** A refusal in the sender's words: `{"ok":false,"error":"…"}` with 400. */
export const bad = (message: string): GatewayError => new GatewayError('invalid_value', message)

const maxDepth = 100
const maxKeys = 10_000

/** The JSON in a body; blank is `{}`, and so is what is neither object nor list. Error: `invalid_value` with the parser's words. */
export function parsePayload(body: Buffer): Record<string, unknown> | readonly unknown[] {
  if (!isUtf8(body)) throw bad('the body is not UTF-8')
  checkJsonShape(body, maxDepth, maxKeys)
  const text = body.toString('utf8')
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    throw bad(messageOf(error))
  }
}

const credentials = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-openclaw-token', 'x-telegram-bot-api-secret-token'])

/** Headers for templates and transforms: what a model reads has no credential in it. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !credentials.has(name)) plain[name] = Array.isArray(value) ? value.join(', ') : value
  return plain
}

/** A text without blanks around it; undefined for anything else. */
export const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value.trim() || undefined : undefined)

const longestKey = 256

/** The key that a sender repeats a request under. One that is too long is none. */
export function idempotencyKey(headers: IncomingHttpHeaders, payload: unknown): string | undefined {
  const inBody = (payload as Record<string, unknown>)['idempotencyKey']
  const key = textIn(headers['idempotency-key']) ?? textIn(headers['x-openclaw-idempotency-key']) ?? textIn(inBody)
  return key !== undefined && key.length <= longestKey ? key : undefined
}

/** Whole seconds, in ms; undefined for what is no positive number of seconds. */
export const timeoutMsOf = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 1 ? Math.floor(seconds) * 1_000 : undefined
