import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type Denial, GatewayError } from 'openclaw/plugin'

/** The closed vocabulary of API errors: code → status and type. A code outside is an internal error, its text stays in the log. */
const vocabulary: Record<string, readonly [status: number, type: string]> = {}
const group = (status: number, type: string, ...codes: string[]) => {
  for (const code of codes) vocabulary[code] = [status, type]
}
group(
  400,
  'invalid_request_error',
  'bad_request',
  'invalid_json',
  'missing_required_parameter',
  'invalid_value',
  'unsupported_parameter',
  'model_not_allowed',
)
group(
  400,
  'invalid_request_error',
  'agent_not_found',
  'ambiguous_model',
  'context_length_exceeded',
  'upstream_rejected',
  'unsupported_model_for_endpoint',
)
group(401, 'unauthorized', 'invalid_api_key')
group(403, 'forbidden', 'missing_scope', 'origin_not_allowed', 'forbidden')
group(403, 'api_error', 'upstream_auth_error')
group(
  404,
  'invalid_request_error',
  'model_not_found',
  'not_found',
  'endpoint_disabled',
  'response_not_found',
  'previous_response_not_found',
)
group(408, 'invalid_request_error', 'request_timeout')
group(413, 'invalid_request_error', 'payload_too_large')
group(417, 'invalid_request_error', 'expectation_failed')
group(421, 'invalid_request_error', 'misdirected_request')
group(426, 'invalid_request_error', 'upgrade_required')
group(429, 'rate_limited', 'rate_limited')
group(429, 'rate_limit_error', 'upstream_rate_limited', 'too_many_runs')
group(431, 'invalid_request_error', 'headers_too_large')
group(500, 'api_error', 'internal_error')
group(502, 'api_error', 'upstream_error', 'upstream_bad_response')
group(503, 'api_error', 'upstream_overloaded', 'embeddings_unavailable', 'shutting_down', 'plugin_unavailable')
group(504, 'api_error', 'upstream_timeout')
group(502, 'api_error', 'upstream_unavailable')

export interface ApiError {
  status: number
  body: { error: { message: string; type: string; param: string | null; code: string } }
  headers: OutgoingHttpHeaders
}

/** Whether a thrown value is an answer for the client rather than a fault of ours. */
export const isApiError = (thrown: unknown): thrown is GatewayError =>
  thrown instanceof GatewayError && thrown.plugin === undefined && vocabulary[thrown.code] !== undefined

/** How an error looks to an API client: `{"error":{message,type,param,code}}`. */
export function apiError(thrown: unknown): ApiError {
  const error = thrown instanceof GatewayError && vocabulary[thrown.code] ? thrown : new GatewayError('internal_error', 'internal error')
  const [status, type] = vocabulary[error.code] as readonly [number, string]
  const code = error.code === 'upstream_overloaded' ? 'upstream_unavailable' : error.code
  const headers: OutgoingHttpHeaders = {}
  if (error.retryAfterS !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterS)))
  if (error.code === 'rate_limited') headers['x-should-retry'] = 'false'
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return { status, body: { error: { message: error.message, type, param: error.param ?? null, code } }, headers }
}

const json = 'application/json; charset=utf-8'

/** Answer with JSON; a string is sent as it is, so that a static answer is serialised once. */
export function replyJson(res: ServerResponse, status: number, body: unknown, headers?: OutgoingHttpHeaders) {
  if (res.headersSent || res.destroyed) return
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  res.writeHead(status, { ...headers, 'content-type': json, 'content-length': Buffer.byteLength(text) })
  res.end(res.req.method === 'HEAD' ? undefined : text)
}

export function replyText(res: ServerResponse, status: number, body: string, headers?: OutgoingHttpHeaders) {
  if (res.headersSent || res.destroyed) return
  res.writeHead(status, {
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}

/** Answer with an API error. */
export function replyError(res: ServerResponse, thrown: unknown, extra?: OutgoingHttpHeaders) {
  const { status, body, headers } = apiError(thrown)
  replyJson(res, status, body, { ...extra, ...headers })
}

/** The error of a refusal. */
export const denialError = ({ deny, message = 'Forbidden', retryAfterS }: Denial) =>
  new GatewayError(deny, message, retryAfterS === undefined ? {} : { retryAfterS })
