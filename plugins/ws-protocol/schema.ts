import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

export interface Config {
  readonly handshakeTimeoutMs: number
  readonly tickIntervalMs: number
  readonly maxPreAuthConnections: number
  readonly maxConnections: number
  readonly maxOpenCalls: number
  readonly requestsPerSecond: number
  readonly requestBurst: number
  readonly softBufferedBytes: number
  readonly maxBufferedBytes: number
}

export const schema = defineSchema<Config>({
  type: 'object',
  additionalProperties: false,
  properties: {
    handshakeTimeoutMs: integer(10_000, 1_000, 60_000, 'Time from the upgrade to a successful connect, in ms.'),
    tickIntervalMs: integer(30_000, 1_000, 60_000, 'Time between two ticks, in ms. Clients leave after twice as long a silence.'),
    maxPreAuthConnections: integer(256, 8, 4_096, 'Connections that have not proven who they are. The oldest makes room for one more.'),
    maxConnections: integer(10_000, 16, 100_000, 'Connections in all.'),
    maxOpenCalls: integer(64, 8, 1_024, 'Calls that one connection may wait for at a time.'),
    requestsPerSecond: integer(2_000, 10, 100_000, 'Requests that one connection may send in the long run.'),
    requestBurst: integer(4_000, 10, 200_000, 'Requests that it may send at once.'),
    softBufferedBytes: integer(
      1_048_576,
      65_536,
      16_777_216,
      'Unsent bytes of a connection from which on it misses events that can be missed.',
    ),
    maxBufferedBytes: integer(52_428_800, 1_048_576, 268_435_456, 'Unsent bytes of a connection at which it is closed.'),
  },
})
