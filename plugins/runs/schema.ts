import { defineSchema } from 'openclaw/plugin'

export type RunsConfig = Record<string, never>

/** It has no settings: limits of runs are the agents'. */
export const schema = defineSchema<RunsConfig>({ type: 'object', additionalProperties: false, properties: {} })
