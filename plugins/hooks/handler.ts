import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Access, bearerOf, GatewayError, type Handle, type Log } from 'openclaw/plugin'
import type { Call, RawHandler } from '../contracts/http.js'
import { type Account, type Credentials, opensGateway } from './credentials.js'
import type { Limiter } from './limiter.js'
import { trimSlashes } from './mapping.js'
import { parsePayload, textIn } from './request.js'
import type { Settings } from './settings.js'
import { claimOf, deliveryKey, isProven } from './signature.js'
import { replyNothing, type Work } from './work.js'

export interface HandlerHost {
  readonly settings: Settings
  readonly access: Handle<Access>
  readonly limiter: Limiter
  readonly log: Log
  readonly work: Work
  /** Those of this moment. */
  credentials(): Credentials
}

const queryToken =
  'Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).'
const bodyTimeoutMs = 30_000

/** The one way in for hooks: query, method, credential, body, and only then what is asked for. */
export function createHandler(host: HandlerHost): RawHandler {
  return async (req, res, call) => {
    if (new URLSearchParams(call.query).has('token')) return call.replyText(400, queryToken)
    if (req.method !== 'POST') return call.replyText(405, 'Method Not Allowed', { allow: 'POST' })
    const path = trimSlashes(call.rest)
    const credentials = host.credentials()
    const account = credentials.accounts.get(path)
    try {
      if (account) await serveSigned(host, account, path, req, res, call)
      else await serveOpen(host, credentials, path, req, res, call)
    } catch (error) {
      // The sender left: nobody reads an answer.
      if (!res.destroyed) replyFailure(call, error)
    }
  }
}

/** For whoever has the token. */
async function serveOpen(host: HandlerHost, credentials: Credentials, path: string, req: IncomingMessage, res: ServerResponse, call: Call) {
  const { access, limiter, settings, work } = host
  const presented = bearerOf(req.headers.authorization) ?? textIn(req.headers['x-openclaw-token'])
  if (presented === undefined || !credentials.token.matches(presented)) return refuse(host, call, 'wrong hook token')
  // The gateway's own token may have become the same with a reload of another section.
  if (opensGateway(access.current, presented)) return refuse(host, call, 'hooks.token is the gateway token: set another one')
  limiter.clear(call.address)
  if (path === '') return call.replyText(404, 'Not Found')
  const payload = parsePayload(await call.readBody({ maxBytes: settings.maxBodyBytes, timeoutMs: bodyTimeoutMs }))
  const request = { call, res, headers: req.headers, path, payload, scope: credentials.tokenDigest, delivery: undefined }
  if (path === 'wake') return work.wake(request)
  if (path === 'agent') return work.agent(request)
  const mapping = credentials.mappings.find(
    (each) => (each.path === undefined || each.path === path) && (each.source === undefined || each.source === sourceIn(payload)),
  )
  if (mapping) await work.mapped(mapping, request)
  else call.replyText(404, 'Not Found')
}

/** For a sender that signs: the bytes are proven before they are read. */
async function serveSigned(host: HandlerHost, account: Account, path: string, req: IncomingMessage, res: ServerResponse, call: Call) {
  const { limiter, settings, work } = host
  const { mapping, scheme, scope } = account
  const claim = claimOf(scheme, req.headers)
  if (typeof claim === 'string') return refuse(host, call, `hook "${mapping.id}": ${claim}`)
  const body = await call.readBody({ maxBytes: settings.maxBodyBytes, timeoutMs: bodyTimeoutMs })
  if (!isProven(scheme, claim, body, account.secrets())) return refuse(host, call, `hook "${mapping.id}": wrong signature`)
  limiter.clear(call.address)
  const payload = parsePayload(body)
  const handshake = Array.isArray(payload) ? undefined : scheme.handshake?.(payload as Record<string, unknown>)
  if (handshake) return handshake.body ? call.replyJson(handshake.status, handshake.body) : replyNothing(res)
  if (mapping.source !== undefined && mapping.source !== sourceIn(payload)) return call.replyText(404, 'Not Found')
  await work.mapped(mapping, { call, res, headers: req.headers, path, payload, scope, delivery: deliveryKey(scheme, claim, body, payload) })
}

const sourceIn = (payload: unknown): unknown => (payload as Record<string, unknown>)['source']

/** Refuse a credential. Nothing about the address lets anybody in, so loopback counts like any other. */
function refuse({ limiter, log }: HandlerHost, call: Call, reason: string) {
  const retryAfterS = limiter.lockedForS(call.address)
  if (retryAfterS > 0) return call.replyText(429, 'Too Many Requests', { 'retry-after': String(retryAfterS) })
  const failures = limiter.fail(call.address)
  const level = failures === 1 || limiter.lockedForS(call.address) > 0 ? 'warn' : 'debug'
  log[level](`hook request refused: ${reason}`, { address: call.address, path: call.path, failures, requestId: call.id })
  call.replyText(401, 'Unauthorized')
}

/** Codes of errors that senders are told, with their status. */
const statuses: Readonly<Record<string, number>> = {
  invalid_value: 400,
  bad_request: 400,
  agent_not_found: 400,
  INVALID_REQUEST: 400,
  request_timeout: 408,
  payload_too_large: 413,
  too_many_runs: 429,
  shutting_down: 503,
  UNAVAILABLE: 503,
  store_busy: 503,
  store_failed: 503,
}
/** In place of their own text. */
const texts: Readonly<Record<string, string>> = {
  payload_too_large: 'payload too large',
  request_timeout: 'request body timeout',
  store_busy: 'the request cannot be kept right now; send it again later',
  store_failed: 'the request cannot be kept right now; send it again later',
}

/** Anything that is not for the sender is thrown again: a fault and a 500. */
function replyFailure(call: Call, error: unknown) {
  const status = error instanceof GatewayError ? statuses[error.code] : undefined
  if (!(error instanceof GatewayError) || status === undefined) throw error
  const retryAfterS = error.retryAfterS ?? (status === 503 ? 5 : undefined)
  const headers = retryAfterS === undefined ? undefined : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterS))) }
  call.replyJson(status, { ok: false, error: texts[error.code] ?? error.message }, headers)
}
