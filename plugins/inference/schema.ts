import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

export interface Config {
  /** When a stream answers 200 at the latest, with nothing from the model yet. */
  readonly firstByteMs: number
  /** Silence after which a stream sends a comment. */
  readonly keepAliveMs: number
  /** How long a client may leave its stream unread before it is cut off. */
  readonly stalledMs: number
  /** Whole run, waiting in the queue included. */
  readonly runTimeoutMs: number
  /** Runs at once, of all endpoints; as many again wait up to 30 s. */
  readonly maxInFlight: number
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Config>

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    firstByteMs: integer(10_000, 10, 60_000, 'A stream answers 200 at the latest after this time.'),
    keepAliveMs: integer(15_000, 100, 60_000, 'A silent stream sends a comment after this time.'),
    stalledMs: integer(120_000, 1_000, 600_000, 'A client that does not read its stream for this long is cut off.'),
    runTimeoutMs: integer(600_000, 1_000, 3_600_000, 'Longest run, waiting included.'),
    maxInFlight: integer(512, 1, 10_000, 'Runs at once. As many again wait up to 30 s, the rest gets 429.'),
  },
})
