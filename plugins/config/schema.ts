import { defineSchema } from 'openclaw/plugin'

export type Config = Record<string, never>

/** It has no settings of its own. */
export const schema = defineSchema<Config>({ type: 'object', additionalProperties: false, properties: {} })
