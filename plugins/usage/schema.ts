import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

export interface UsageConfig {
  /** Tokens set aside for an answer where neither the request nor its model says how long it may be. */
  readonly assumedMaxTokens: number
}

export const schema = defineSchema<UsageConfig>({
  type: 'object',
  additionalProperties: false,
  properties: {
    assumedMaxTokens: integer(
      16_384,
      1,
      10_000_000,
      'Length of an answer, in tokens, for which a spend limit must have room where neither the request nor the model has a limit.',
    ),
  },
})
