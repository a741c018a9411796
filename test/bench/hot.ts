import { type Case, cpuRow, pick, rateRow, type Rounds, type Side } from './measure.js'
import { agentChat, chat, listModels, refused, stream } from './scene.js'
import { median, type Row, row } from './table.js'

const withTaps = ['floor', 'gateway', 'tapped'] as const
const tapped = 'five taps on authorize'

const modelsCase: Case = {
  name: 'GET /v1/models',
  sides: withTaps,
  job: { ...listModels, requests: 4_000, atOnce: 16, inWaves: false },
  rows: (measured) => [
    cpuRow('GET /v1/models, 16 at once', measured, { atMost: 2 }),
    cpuRow(`GET /v1/models, 16 at once, ${tapped}`, measured, { atMost: 2 }, 'tapped'),
  ],
}

const chatCase = (atOnce: number): Case => ({
  name: `chat, ${atOnce}`,
  sides: withTaps,
  job: { ...chat, requests: 1_500, atOnce, inWaves: false },
  rows: (measured) => [
    rateRow(`chat, ${atOnce} at once`, measured, { atLeast: 0.5 }),
    cpuRow(`chat, ${atOnce} at once`, measured, { atMost: 2 }),
    rateRow(`chat, ${atOnce} at once, ${tapped}`, measured, { atLeast: 0.5 }, 'tapped'),
    cpuRow(`chat, ${atOnce} at once, ${tapped}`, measured, { atMost: 2 }, 'tapped'),
  ],
})

/** What the agent adds: its prompt, a session, and what was said on disk before anything is answered, twice. */
const agentCase = (atOnce: number): Case => ({
  name: `agent, ${atOnce}`,
  sides: ['floor', 'gateway'],
  job: { ...agentChat, requests: 1_000, atOnce, inWaves: false },
  rows: (measured) => [
    rateRow(`chat with an agent, two durable commits, ${atOnce} at once`, measured),
    cpuRow(`chat with an agent, two durable commits, ${atOnce} at once`, measured),
  ],
})

/** What the server adds to the upstream's own time. A difference of two small times: its ratio is that of the medians. */
function addedRow(name: string, rounds: Rounds): Row {
  const direct = pick(rounds, 'direct', 'firstMs')
  const added = (side: Side) => median(pick(rounds, side, 'firstMs').map((ms, i) => ms - (direct[i] as number)))
  return row(name, 'ms', [added('floor')], [added('gateway')], { atMost: 2 })
}

const firstTokenCase = (atOnce: number, requests: number): Case => ({
  name: `stream, ${atOnce}, first token`,
  sides: ['direct', 'floor', 'gateway'],
  job: { ...stream(2), requests, atOnce, inWaves: true },
  rows: (measured) => [addedRow(`stream, ${atOnce} at once, added time to first token`, measured)],
})

const chunks = 100
const streams = 64
/** Each chunk is a network read of its own: the streams are paced by the upstream, and the servers are not busy. */
const chunksCase: Case = {
  name: 'stream, 64, chunks',
  sides: ['floor', 'gateway'],
  job: { ...stream(chunks), requests: streams, atOnce: streams, inWaves: true },
  rows(measured) {
    const seconds = (side: Side) => pick(measured, side, 'cpuUs').map((us) => (us / chunks) * 10_000 * 1e-6)
    return [row('stream, 64 at once, 10,000 chunks', 's CPU', seconds('floor'), seconds('gateway'), { atMost: 1.5 })]
  },
}

const refusedCase: Case = {
  name: 'refused token',
  sides: ['floor', 'gateway'],
  job: { ...refused, requests: 4_000, atOnce: 16, inWaves: false },
  stranger: true,
  rows: (measured) => [cpuRow('refused token, 16 at once', measured, { atMost: 1.5 })],
}

/** Over HTTP. */
export const httpCases: readonly Case[] = [
  modelsCase,
  chatCase(16),
  chatCase(128),
  agentCase(16),
  agentCase(128),
  firstTokenCase(1, 30),
  firstTokenCase(64, 256),
  chunksCase,
  refusedCase,
]
