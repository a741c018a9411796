import { defineSchema } from 'openclaw/plugin'

/** The section `session`. */
export interface SessionsConfig {
  readonly scope: 'per-sender' | 'global'
  readonly mainKey?: string
}

export const schema = defineSchema<SessionsConfig>({
  type: 'object',
  additionalProperties: false,
  properties: {
    scope: {
      type: 'string',
      enum: ['per-sender', 'global'],
      default: 'per-sender',
      'x-help': 'Whose conversation it is. `global` is accepted for existing files, and is as `per-sender` here.',
    },
    mainKey: { type: 'string', 'x-help': 'Accepted for existing files: the main session of an agent is always `main`.' },
  },
})
