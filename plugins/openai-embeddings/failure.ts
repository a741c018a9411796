import { GatewayError } from 'openclaw/plugin'
import { type Input, isTexts } from './input.js'

/** What a client of token arrays has to change, where they are not understood. */
export const textInstead = 'Let the client send text: in LangChain for Python, check_embedding_ctx_length=False.'

const rejections = new Set(['upstream_rejected', 'invalid_value', 'unsupported_parameter'])

/** The provider refused what is in the request, so that a changed request may pass. */
export const isRejection = (thrown: unknown): thrown is GatewayError => thrown instanceof GatewayError && rejections.has(thrown.code)

/** A failure of the provider in terms of what the client sent. */
export function explain(thrown: unknown, input: Input, dimensions: number | undefined): unknown {
  if (!(thrown instanceof GatewayError)) return thrown
  const { code, message } = thrown
  if (code === 'context_length_exceeded') return new GatewayError(code, message, { param: 'input' })
  if (!isRejection(thrown)) return thrown
  if (dimensions !== undefined && /dimension/i.test(message))
    return new GatewayError('unsupported_parameter', message, { param: 'dimensions' })
  if (isTexts(input)) return thrown
  return new GatewayError(code, `${message} If it does not take token arrays: ${textInstead}`, { param: 'input' })
}
