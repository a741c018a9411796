import { defineSchema } from 'openclaw/plugin'

export type KeysConfig = Record<string, never>

/** It has no settings: an entry may only turn the plugin off. */
export const schema = defineSchema<KeysConfig>({ type: 'object', additionalProperties: false, properties: {} })
