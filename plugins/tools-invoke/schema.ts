import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

/** The section `gateway.tools`. */
export interface Config {
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly maxInFlight: number
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Config>

const names = (help: string) => ({
  type: 'array',
  maxItems: 1_000,
  items: { type: 'string', minLength: 1, maxLength: 128 },
  'x-help': help,
})

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    allow: names(
      'Names that may be called over HTTP although they are denied there: sessions_spawn, sessions_send, cron, gateway, whatsapp_login.',
    ),
    deny: names('More names that may not be called over HTTP. Wins over `allow`.'),
    maxInFlight: integer(64, 1, 10_000, 'Calls over HTTP at once. More get 429.'),
  },
})
