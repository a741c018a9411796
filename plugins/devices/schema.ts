import { defineSchema } from 'openclaw/plugin'

export type DevicesConfig = Record<string, never>

/** It has no settings: an entry may only turn the plugin off. */
export const schema = defineSchema<DevicesConfig>({ type: 'object', additionalProperties: false, properties: {} })
