import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

export interface Config {
  /** `host:port` entries that may have private addresses. Exact: a name stands for itself alone, an address for no name. */
  readonly allow: readonly string[]
  /** Resolving a name, and again connecting, TLS included. */
  readonly connectMs: number
  /** Until an answer begins, and between two pieces of it. */
  readonly firstByteMs: number
  /** Fetches at once. */
  readonly maxConcurrent: number
  /** Fetches that wait for a place; their time runs. */
  readonly maxQueued: number
}

export const schema = defineSchema<Partial<Config>>({
  type: 'object',
  additionalProperties: false,
  properties: {
    allow: {
      type: 'array',
      maxItems: 256,
      items: { type: 'string', pattern: '^[^\\s/@?#\\\\]+:\\d{1,5}$' },
      default: [],
      'x-help': 'Hosts with private addresses that may be asked all the same, as "host:port".',
    },
    connectMs: integer(5_000, 10, 60_000, 'Time to resolve a name, and to connect, TLS included.'),
    firstByteMs: integer(15_000, 10, 300_000, 'Time until an answer begins, and between two pieces of it.'),
    maxConcurrent: integer(32, 1, 1_024, 'URLs fetched at once.'),
    maxQueued: integer(128, 0, 10_000, 'URLs that wait for their turn. More get 429.'),
  },
})
