import { defineSchema } from 'openclaw/plugin'

export type HealthConfig = Record<string, never>

/** It has no settings: an entry may only turn the plugin off. */
export const schema = defineSchema<HealthConfig>({ type: 'object', additionalProperties: false, properties: {} })
