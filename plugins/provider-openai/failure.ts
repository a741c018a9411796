import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from 'openclaw/plugin'
import type { NoAnswer } from './origin.js'

/** Why one attempt failed, and whether another one makes sense. */
export interface Failure {
  readonly error: GatewayError
  /** `rate`: the upstream counts requests; `server`: it broke, or the connection did. */
  readonly retry?: 'rate' | 'server'
  /** What the upstream asked to wait. */
  readonly afterMs?: number
  /** What the upstream said, cleaned: for the log alone. */
  readonly detail?: string
}

/** Whom a failure is about. `clean` removes every secret and address from upstream text and cuts it. */
export interface Subject {
  readonly provider: string
  /** As the upstream knows it; undefined where no model is involved. */
  readonly model: string | undefined
  clean(text: string): string
}

const defaultRetryAfterS = 5
const longestRetryAfterS = 86_400
const overflow =
  /context[ _](?:length|window|size)|maximum (?:context|prompt|input) length|(?:prompt|input|request) is too (?:long|large)|too many (?:input )?tokens/i
const fieldName = /^[A-Za-z_][A-Za-z0-9_.[\]]{0,99}$/

/** An error object as the many servers write it. */
export interface UpstreamError {
  readonly message?: string | undefined
  readonly code?: string | undefined
  readonly type?: string | undefined
  readonly param?: string | undefined
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** `{error:{…}}`, `{error:"…"}`, `{message}` and `{detail}`; an empty object for anything else. */
export function readError(body: unknown): UpstreamError {
  if (typeof body !== 'object' || body === null) return {}
  const { error, detail } = body as { error?: unknown; detail?: unknown }
  const from = (typeof error === 'object' && error !== null ? error : body) as Record<string, unknown>
  const code = typeof from['code'] === 'number' ? String(from['code']) : text(from['code'])
  const message = text(from['message']) ?? text(error) ?? text(detail)
  return { message, code, type: text(from['type']), param: text(from['param']) }
}

/** An answer whose status is not 2xx. */
export function statusFailure(subject: Subject, status: number, headers: IncomingHttpHeaders, body: string): Failure {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    // Only JSON is trusted to be a message for people.
  }
  const upstream = readError(parsed)
  const failure = classify(subject, status, upstream, retryAfterS(headers))
  return { ...failure, detail: `HTTP ${status}: ${subject.clean(upstream.message ?? body)}` }
}

/** An error in place of a chunk, or in the body of a 200. Some put the status into `code`, others only a word. */
export function bodyFailure(subject: Subject, body: unknown): Failure {
  const upstream = readError(body)
  const word = `${upstream.code} ${upstream.type}`
  const numeric = Number(upstream.code)
  const status =
    numeric >= 400 && numeric < 600
      ? numeric
      : /rate_limit|insufficient_quota/.test(word)
        ? 429
        : /overloaded|unavailable/.test(word)
          ? 503
          : /invalid_request|context_length/.test(word)
            ? 400
            : 500
  const failure = classify(subject, status, upstream, undefined)
  return { ...failure, detail: `in the answer: ${subject.clean(upstream.message ?? '')}` }
}

function classify(subject: Subject, status: number, upstream: UpstreamError, afterS: number | undefined): Failure {
  const { provider, model } = subject
  const name = `Provider '${provider}'`
  if (status === 401 || status === 403) {
    const message = `The gateway's credentials for provider '${provider}' were rejected.`
    return { error: new GatewayError('upstream_auth_error', message) }
  }
  if (status === 404 || upstream.code === 'model_not_found') {
    const message = `${name} has no ${model === undefined ? 'such service' : `model '${model}'`}, or its baseUrl is wrong.`
    return { error: new GatewayError('model_not_found', message, { param: 'model' }) }
  }
  if (status === 429) {
    const detail = { retryAfterS: afterS ?? defaultRetryAfterS }
    const error = new GatewayError('upstream_rate_limited', `${name} is limiting the gateway's requests. Try again later.`, detail)
    const hopeless = upstream.code === 'insufficient_quota'
    return { error, ...(!hopeless && { retry: 'rate' as const }), ...(afterS !== undefined && { afterMs: afterS * 1_000 }) }
  }
  if (status === 503 || status === 529) {
    const detail = { retryAfterS: afterS ?? defaultRetryAfterS }
    return { error: new GatewayError('upstream_overloaded', `${name} is overloaded. Try again later.`, detail) }
  }
  if (status === 408) return { error: new GatewayError('upstream_timeout', `${name} gave up waiting (HTTP 408).`) }
  if (status >= 500) return { error: new GatewayError('upstream_error', `${name} failed (HTTP ${status}).`), retry: 'server' }
  if (status < 400) {
    const message = `${name} answered with a redirect, which is not followed. Set its baseUrl to the final address.`
    return { error: new GatewayError('upstream_bad_response', message) }
  }
  return { error: rejected(subject, status, upstream) }
}

/** The request itself was refused: the one case where the upstream's own words are passed on. */
function rejected({ provider, clean }: Subject, status: number, { message, code, param }: UpstreamError): GatewayError {
  const said = message === undefined ? `Provider '${provider}' rejected the request (HTTP ${status}).` : clean(message)
  if (code === 'context_length_exceeded' || (message !== undefined && overflow.test(message)))
    return new GatewayError('context_length_exceeded', said, { param: 'messages' })
  if (param === undefined || !fieldName.test(param)) return new GatewayError('upstream_rejected', said)
  const unsupported = code === 'unsupported_parameter' || code === 'unsupported_value'
  return new GatewayError(unsupported ? 'unsupported_parameter' : 'invalid_value', said, { param })
}

/** No headers came. */
export function noAnswerFailure({ provider }: Subject, { phase, cause }: NoAnswer, headersMs: number): Failure {
  const code = codeOf(cause)
  if (phase === 'connect') {
    const message = `Provider '${provider}' cannot be reached (${code}). Check that it runs and that its baseUrl is right.`
    return { error: new GatewayError('upstream_unavailable', message, { cause }) }
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    const message = `Provider '${provider}' did not begin to answer within ${headersMs} ms.`
    return { error: new GatewayError('upstream_timeout', message, { cause }) }
  }
  const broken = brokenFailure(provider, cause, 0)
  if (broken.code !== 'upstream_error') return { error: broken }
  const error = new GatewayError('upstream_error', `Provider '${provider}' closed the connection without an answer.`, { cause })
  // An idle connection that the server closed just now looks the same; asking again settles it.
  return { error, retry: 'server' }
}

/** The answer began and broke off. */
export function brokenFailure(provider: string, cause: unknown, idleMs: number): GatewayError {
  if (cause instanceof GatewayError) return cause
  const code = codeOf(cause)
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    const message = `Provider '${provider}' sent nothing more for ${idleMs} ms.`
    return new GatewayError('upstream_timeout', message, { cause })
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return new GatewayError('upstream_bad_response', `Provider '${provider}' does not speak HTTP correctly.`, { cause })
  return new GatewayError('upstream_error', `Provider '${provider}' broke off its answer.`, { cause })
}

/** The answer came, and is not what the protocol says. */
export const malformed = (provider: string, what: string) =>
  new GatewayError('upstream_bad_response', `Provider '${provider}' sent ${what}.`)

function codeOf(cause: unknown): string {
  const { code, name, errors } = (cause ?? {}) as { code?: unknown; name?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  // Several addresses were tried, each with its own error.
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0])
  return typeof name === 'string' ? name : 'unknown error'
}

/** Whole seconds, from either spelling of the header, or from the millisecond one that some servers add. */
export function retryAfterS(headers: IncomingHttpHeaders): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  const value = headers['retry-after']
  const seconds = value === undefined ? ms / 1_000 : Number(value)
  const left = Number.isNaN(seconds) && value !== undefined ? (Date.parse(value) - Date.now()) / 1_000 : seconds
  return Number.isNaN(left) ? undefined : Math.min(longestRetryAfterS, Math.max(0, Math.ceil(left)))
}
