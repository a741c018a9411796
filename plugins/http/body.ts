import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError, messageOf } from 'openclaw/plugin'
import type { BodyLimits } from '../contracts/http.js'
import { checkJsonShape } from '../contracts/json.js'

/** After this time a body must have come at 1 KiB/s or more. */
const graceMs = 5_000
const minBytesPerSecond = 1_024

/** Read a bounded body. Limits come first: a declared oversize is refused unread. Errors: `payload_too_large`, `request_timeout`. */
export function readBody(req: IncomingMessage, res: ServerResponse, limits: BodyLimits = {}): Promise<Buffer> {
  const { maxBytes = 1_048_576, timeoutMs = 30_000 } = limits
  const declared = Number(req.headers['content-length'] ?? 0)
  /** What is left of the body is not wanted: the answer is the last on this connection. */
  const refuse = (code: string, message: string) => {
    if (!res.headersSent) res.setHeader('connection', 'close')
    return new GatewayError(code, message)
  }
  const tooLarge = () => refuse('payload_too_large', 'Payload too large')
  const gone = () => new GatewayError('bad_request', 'Connection closed')
  if (declared > maxBytes) return Promise.reject(tooLarge())
  if (req.destroyed && !req.complete) return Promise.reject(gone())
  if (req.headers.expect !== undefined) res.writeContinue()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const began = performance.now()
    let timer: NodeJS.Timeout | undefined = setTimeout(watch, Math.min(graceMs, timeoutMs))
    function watch() {
      const elapsed = performance.now() - began
      if (elapsed >= timeoutMs || size < (elapsed / 1_000) * minBytesPerSecond)
        return fail(refuse('request_timeout', 'Request body timeout'))
      timer = setTimeout(watch, Math.min(1_000, timeoutMs - elapsed))
    }
    function finish() {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
    }
    function fail(error: GatewayError) {
      finish()
      reject(error)
    }
    function onData(chunk: Buffer) {
      size += chunk.length
      if (size > maxBytes) fail(tooLarge())
      else chunks.push(chunk)
    }
    function onEnd() {
      finish()
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    }
    function onGone() {
      fail(gone())
    }
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/**
 * Read a JSON object within limits; blank is `{}`. Content-Type is not looked at, as no client relies on it.
 * Errors: those of `readBody`, `invalid_json`, `invalid_value`.
 */
export async function readJson(req: IncomingMessage, res: ServerResponse, limits: BodyLimits = {}): Promise<Record<string, unknown>> {
  const body = await readBody(req, res, limits)
  if (!isUtf8(body)) throw new GatewayError('invalid_json', 'Invalid JSON: the body is not UTF-8.')
  checkJsonShape(body, limits.maxDepth ?? 100, limits.maxKeys ?? 10_000)
  const text = body.toString('utf8')
  if (text.trim() === '') return {}
  if (hasLoneSurrogate(text)) throw new GatewayError('invalid_json', 'Invalid JSON: half of a surrogate pair.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new GatewayError('invalid_json', `Invalid JSON: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GatewayError('invalid_value', 'Request body must be a JSON object.')
  return value as Record<string, unknown>
}

/** Whether an escape stands for half a character. UTF-8 itself cannot hold one. */
function hasLoneSurrogate(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false
  // Escapes one by one, as `\\ud800` holds a backslash and no surrogate.
  for (const [, pair, code] of text.matchAll(/\\(?:u([dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})|u([\da-fA-F]{4})|[^u])/g))
    if (pair === undefined && code !== undefined && /^d[89a-f]/i.test(code)) return true
  return false
}
