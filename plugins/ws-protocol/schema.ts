import { defineSchema } from 'openclaw/plugin'

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

const whole = (minimum: number, maximum: number, value: number, help: string) => ({
  type: 'integer',
  minimum,
  maximum,
  default: value,
  'x-help': help,
})

export const schema = defineSchema<Config>({
  type: 'object',
  additionalProperties: false,
  properties: {
    handshakeTimeoutMs: whole(1_000, 60_000, 10_000, 'Time from the upgrade to a successful connect, in ms.'),
    tickIntervalMs: whole(1_000, 60_000, 30_000, 'Time between two ticks, in ms. Clients leave after twice as long a silence.'),
    maxPreAuthConnections: whole(8, 4_096, 256, 'Connections that have not proven who they are. The oldest makes room for one more.'),
    maxConnections: whole(16, 100_000, 10_000, 'Connections in all.'),
    maxOpenCalls: whole(8, 1_024, 64, 'Calls that one connection may wait for at a time.'),
    requestsPerSecond: whole(10, 100_000, 2_000, 'Requests that one connection may send in the long run.'),
    requestBurst: whole(10, 200_000, 4_000, 'Requests that it may send at once.'),
    softBufferedBytes: whole(
      65_536,
      16_777_216,
      1_048_576,
      'Unsent bytes of a connection from which on it misses events that can be missed.',
    ),
    maxBufferedBytes: whole(1_048_576, 268_435_456, 52_428_800, 'Unsent bytes of a connection at which it is closed.'),
  },
})
