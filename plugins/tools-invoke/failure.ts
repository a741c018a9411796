import { GatewayError } from 'openclaw/plugin'
import type { Call } from '../contracts/http.js'
import { toolErrors } from '../contracts/tools.js'

const longestMessage = 2_000

const own: Readonly<Record<string, readonly [status: number, type: string]>> = {
  tool_not_available: [404, 'not_found'],
  tool_call_blocked: [403, 'tool_call_blocked'],
  tool_failed: [500, 'tool_error'],
  tool_result_too_large: [500, 'tool_error'],
}

/** Answer with what became of a call that failed: `{"ok":false,"error":{type,message}}`. Throws what is no outcome of a tool. */
export function replyFailure(call: Call, thrown: unknown, redact: (text: string) => string) {
  if (!(thrown instanceof GatewayError)) throw thrown
  const status = toolErrors.get(thrown.code)
  const answer = own[thrown.code] ?? (status === undefined ? undefined : ([status, 'tool_error'] as const))
  if (!answer) throw thrown
  const message = redact(thrown.message).slice(0, longestMessage)
  const retry = thrown.retryAfterS === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(thrown.retryAfterS))) }
  call.replyJson(answer[0], { ok: false, error: { type: answer[1], message } }, retry)
}
