import { GatewayError } from 'openclaw/plugin'

export type Format = 'float' | 'base64'

type Body = Readonly<Record<string, unknown>>

/** How vectors are written: `encoding_format`. Error: `invalid_value`. */
export function parseFormat({ encoding_format: value }: Body): Format {
  if (value === undefined || value === null) return 'float'
  if (value !== 'float' && value !== 'base64')
    throw new GatewayError('invalid_value', '`encoding_format` must be "float" or "base64".', { param: 'encoding_format' })
  return value
}

/** The length of vectors that the client asks for. Error: `invalid_value`. */
export function parseDimensions({ dimensions: value }: Body): number | undefined {
  if (value === undefined || value === null) return undefined
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw new GatewayError('invalid_value', '`dimensions` must be a positive integer.', { param: 'dimensions' })
  return value as number
}
