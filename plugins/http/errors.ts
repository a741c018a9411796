import type { OutgoingHttpHeaders } from 'node:http'
import { type Denial, GatewayError } from 'openclaw/plugin'
import type { ErrorBody } from '../contracts/http.js'

/** The closed vocabulary of API errors: status, type, codes. A code outside is an internal error, its text stays in the log. */
const codes: readonly (readonly [status: number, type: string, codes: string])[] = [
  [400, 'invalid_request_error', 'bad_request invalid_json missing_required_parameter invalid_value unsupported_parameter'],
  [400, 'invalid_request_error', 'model_not_allowed agent_not_found ambiguous_model context_length_exceeded upstream_rejected'],
  [400, 'invalid_request_error', 'model_cost_unknown'],
  [400, 'invalid_request_error', 'unsupported_model_for_endpoint'],
  [401, 'unauthorized', 'invalid_api_key'],
  [402, 'insufficient_quota', 'spend_limit_exceeded'],
  [403, 'forbidden', 'missing_scope origin_not_allowed forbidden'],
  [403, 'api_error', 'upstream_auth_error'],
  [404, 'invalid_request_error', 'model_not_found not_found endpoint_disabled response_not_found previous_response_not_found'],
  [408, 'invalid_request_error', 'request_timeout'],
  [413, 'invalid_request_error', 'payload_too_large'],
  [417, 'invalid_request_error', 'expectation_failed'],
  [421, 'invalid_request_error', 'misdirected_request'],
  [426, 'invalid_request_error', 'upgrade_required'],
  [429, 'rate_limited', 'rate_limited'],
  [429, 'rate_limit_error', 'upstream_rate_limited too_many_runs rate_limit_exceeded'],
  [431, 'invalid_request_error', 'headers_too_large'],
  [500, 'api_error', 'internal_error'],
  [502, 'api_error', 'upstream_error upstream_bad_response upstream_unavailable'],
  [503, 'api_error', 'upstream_overloaded embeddings_unavailable shutting_down plugin_unavailable'],
  [504, 'api_error', 'upstream_timeout'],
]
const vocabulary = new Map(codes.flatMap(([status, type, names]) => names.split(' ').map((code) => [code, { status, type }])))

export interface ApiError {
  status: number
  body: ErrorBody
  headers: OutgoingHttpHeaders
}

/** Whether a thrown value is an answer for the client rather than a fault of ours. */
export const isApiError = (thrown: unknown): thrown is GatewayError =>
  thrown instanceof GatewayError && thrown.plugin === undefined && vocabulary.has(thrown.code)

/** How an error looks to an API client: `{"error":{message,type,param,code}}`. */
export function apiError(thrown: unknown, redact = (text: string) => text): ApiError {
  const known = thrown instanceof GatewayError && vocabulary.has(thrown.code)
  const { code, message, param, retryAfterS } = known ? thrown : ({ code: 'internal_error', message: 'internal error' } as GatewayError)
  return describe(code, redact(message), param, retryAfterS)
}

/** How a refusal looks, without an error object: its stack trace would cost more than the rest. A code that is none of ours still refuses. */
export const apiDenial = ({ deny, message = 'Forbidden', retryAfterS }: Denial): ApiError =>
  describe(vocabulary.has(deny) ? deny : 'forbidden', message, undefined, retryAfterS)

function describe(code: string, message: string, param: string | undefined, retryAfterS: number | undefined): ApiError {
  const { status, type } = vocabulary.get(code) as { status: number; type: string }
  const shown = code === 'upstream_overloaded' ? 'upstream_unavailable' : code
  const headers: OutgoingHttpHeaders = {}
  if (retryAfterS !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterS)))
  if (code === 'rate_limited') headers['x-should-retry'] = 'false'
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return { status, body: { error: { message, type, param: param ?? null, code: shown } }, headers }
}

/** For a plugin that is not there to answer. */
export const unavailable = () =>
  new GatewayError('plugin_unavailable', 'This part of the gateway is not available right now.', { retryAfterS: 5 })
