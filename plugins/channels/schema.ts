import { defineSchema } from 'openclaw/plugin'

export type ChannelsConfig = Record<string, never>

/** It has no settings: each channel's own are its plugin's. */
export const schema = defineSchema<ChannelsConfig>({ type: 'object', additionalProperties: false, properties: {} })
