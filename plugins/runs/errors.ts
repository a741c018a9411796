import { GatewayError, messageOf } from 'openclaw/plugin'
import type { StopReason } from '../contracts/runs.js'

/** Why a run was ended, as an API client is told. */
export function abortError(reason: StopReason, timeoutMs: number): GatewayError {
  if (reason === 'timeout') return new GatewayError('upstream_timeout', `The answer took longer than ${timeoutMs} ms.`)
  if (reason === 'shutdown') return new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 })
  if (reason === 'client') return new GatewayError('client_closed', 'The client closed the connection.')
  // A code that clients do not try again after: somebody wanted this.
  return new GatewayError('upstream_rejected', 'The run was aborted.')
}

/** Whether an error was made for clients to read. */
export const isMeant = (problem: unknown): problem is GatewayError => problem instanceof GatewayError && problem.plugin === undefined

/** An error as clients may see it, without secrets. */
export function publicError(problem: unknown, redact: (text: string) => string): GatewayError {
  if (!isMeant(problem))
    return new GatewayError('internal_error', 'The run failed because of an internal error. The log of the gateway has more.')
  const { code, param, retryAfterS } = problem
  const detail = { ...(param !== undefined && { param }), ...(retryAfterS !== undefined && { retryAfterS }) }
  return new GatewayError(code, redact(messageOf(problem)), detail)
}
