import { defineSchema, type SecretRef } from 'openclaw/plugin'

export interface TrustedProxyConfig {
  /** Header in which the proxy names the user. Without it the plugin admits nobody. */
  userHeader?: string
  /** All of these must be present and not blank. */
  requiredHeaders: string[]
  /** Users admitted; empty: any. */
  allowUsers: string[]
  /** The proxy proves itself by sending `secret` in this header. Needed on a loopback bind. */
  secretHeader?: string
  secret?: SecretRef
}

const strings = { type: 'array', items: { type: 'string', minLength: 1 }, default: [] }

export const schema = defineSchema<TrustedProxyConfig>({
  type: 'object',
  additionalProperties: false,
  properties: {
    userHeader: { type: 'string' },
    requiredHeaders: strings,
    allowUsers: strings,
    secretHeader: { type: 'string' },
    secret: {
      'x-secret': true,
      type: ['string', 'object'],
      properties: { source: { type: 'string', enum: ['env', 'file', 'exec'] }, provider: { type: 'string' }, id: { type: 'string' } },
      required: ['source', 'id'],
      additionalProperties: false,
    },
  },
})
