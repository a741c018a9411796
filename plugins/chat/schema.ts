import { defineSchema } from 'openclaw/plugin'

export type ChatConfig = Record<string, never>

/** It has no settings: an entry may only turn the plugin off. */
export const schema = defineSchema<ChatConfig>({ type: 'object', additionalProperties: false, properties: {} })
