import { defineSchema } from 'openclaw/plugin'

/** Nothing to set: the plugin is on or off. */
export type Config = Readonly<Record<string, never>>

export const schema = defineSchema<Config>({ type: 'object', additionalProperties: false, properties: {} })
