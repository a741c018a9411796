import { defineSchema } from 'openclaw/plugin'

export type StoreConfig = Record<string, never>

/** It has no settings: an entry may only turn the plugin off. */
export const schema = defineSchema<StoreConfig>({ type: 'object', additionalProperties: false, properties: {} })
