import { GatewayError } from 'openclaw/plugin'

export const refused = (why: string) => new GatewayError('egress_refused', `The URL is refused: ${why}`)
export const failed = (what = 'The URL could not be fetched.') => new GatewayError('egress_failed', what)
export const timedOut = () => new GatewayError('egress_timeout', 'The URL took too long to answer.')
export const tooLarge = (maxBytes: number) => new GatewayError('egress_too_large', `What the URL answers is larger than ${maxBytes} bytes.`)

const timeouts = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']

/** The code of what the network or the system threw. Its message is not for anybody: it has the address. */
export function codeOf(thrown: unknown): string {
  const code: unknown = (thrown as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : thrown instanceof Error ? thrown.name : 'unknown'
}

/** A fault as the contract has it, whatever was thrown. */
export function faultOf(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return timeouts.includes(codeOf(thrown)) ? timedOut() : failed()
}
