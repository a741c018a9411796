import { defineSchema } from 'openclaw/plugin'
import { object } from '../contracts/schema-nodes.js'

export interface HttpConfig {
  /** Host names served besides IP literals, localhost, single-label and private ones. */
  allowedHosts: string[]
  cors: { allowedOrigins: string[] }
  securityHeaders: { strictTransportSecurity?: string | false }
  headerLines: number
  targetBytes: number
  /** Well-known paths of plugins that are off, set by the host: they answer 404 `endpoint_disabled`. */
  disabledPaths: string[]
}

const strings = (pattern?: string) => ({ type: 'array', items: { type: 'string', ...(pattern && { pattern }) }, default: [] })

export const schema = defineSchema<HttpConfig>(
  object({
    allowedHosts: strings(),
    cors: { ...object({ allowedOrigins: strings('^https?://[^/*]+$') }), default: {} },
    securityHeaders: { ...object({ strictTransportSecurity: { anyOf: [{ type: 'string' }, { const: false }] } }), default: {} },
    headerLines: { type: 'integer', minimum: 20, maximum: 1_000, default: 100 },
    targetBytes: { type: 'integer', minimum: 256, maximum: 65_536, default: 8_192 },
    disabledPaths: strings(),
  }),
)
