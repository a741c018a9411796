import { turns } from './cold.js'
import type { Scene } from './contestants.js'
import { cpuUs } from './processes.js'
import { chat, headersFor, type Job, listModels, type Outcome, refused, stream } from './scene.js'
import { median, type Row, row } from './table.js'

/** A server to send requests to; `direct` is the upstream, whose CPU is of no interest. */
export type Side = 'floor' | 'gateway' | 'tapped' | 'direct'
export type Sides = Readonly<Record<Side, { readonly pid: number; readonly origin: string }>>

interface Measured extends Outcome {
  readonly cpuUs: number
}
type Rounds = Readonly<Partial<Record<Side, Measured[]>>>

/** One measurement, repeated in every round with each of the sides. */
export interface Case {
  readonly name: string
  readonly sides: readonly Side[]
  readonly job: Omit<Job, 'origin' | 'headers'>
  /** Sends a token that is not the right one. */
  readonly stranger?: boolean
  rows(measured: Rounds): Row[]
}

const pick = (rounds: Rounds, side: Side, key: keyof Measured) => (rounds[side] ?? []).map((one) => one[key])
const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 2 })
const latency = (rounds: Rounds, gateway: Side) =>
  (['floor', gateway] as const)
    .map((side) => `${number(median(pick(rounds, side, 'p50Ms')))} / ${number(median(pick(rounds, side, 'p99Ms')))}`)
    .join(', ') + ' ms'

const cpuRow = (name: string, rounds: Rounds, atMost: number, gateway: Side = 'gateway') =>
  row(name, 'µs CPU', pick(rounds, 'floor', 'cpuUs'), pick(rounds, gateway, 'cpuUs'), { atMost }, latency(rounds, gateway))
const rateRow = (name: string, rounds: Rounds, gateway: Side = 'gateway') =>
  row(name, '/s', pick(rounds, 'floor', 'requestsPerS'), pick(rounds, gateway, 'requestsPerS'), { atLeast: 0.5 }, latency(rounds, gateway))

const withTaps = ['floor', 'gateway', 'tapped'] as const
const tapped = 'five taps on authorize'

const modelsCase: Case = {
  name: 'GET /v1/models',
  sides: withTaps,
  job: { ...listModels, requests: 4_000, atOnce: 16, inWaves: false },
  rows: (measured) => [
    cpuRow('GET /v1/models, 16 at once', measured, 2),
    cpuRow(`GET /v1/models, 16 at once, ${tapped}`, measured, 2, 'tapped'),
  ],
}

const chatCase = (atOnce: number): Case => ({
  name: `chat, ${atOnce}`,
  sides: withTaps,
  job: { ...chat, requests: 1_500, atOnce, inWaves: false },
  rows: (measured) => [
    rateRow(`chat, ${atOnce} at once`, measured),
    cpuRow(`chat, ${atOnce} at once`, measured, 2),
    rateRow(`chat, ${atOnce} at once, ${tapped}`, measured, 'tapped'),
    cpuRow(`chat, ${atOnce} at once, ${tapped}`, measured, 2, 'tapped'),
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
  rows: (measured) => [cpuRow('refused token, 16 at once', measured, 1.5)],
}

export const cases: readonly Case[] = [
  modelsCase,
  chatCase(16),
  chatCase(128),
  firstTokenCase(1, 30),
  firstTokenCase(64, 256),
  chunksCase,
  refusedCase,
]

/** Do a case's job once with one server. */
export async function measure({ job, stranger }: Case, { pid, origin }: Sides[Side], { load, token }: Scene): Promise<Measured> {
  const headers = headersFor(stranger ? 'not-the-token' : token)
  const before = cpuUs(pid)
  const outcome = await load.run({ ...job, origin, headers })
  return { ...outcome, cpuUs: (cpuUs(pid) - before) / job.requests }
}

/** Before anything is measured, the compilers of each side settle on what the case does. */
const warmUps = 4

/** Every side takes its turn in every round. */
export async function run(each: Case, sides: Sides, scene: Scene, rounds: number): Promise<Row[]> {
  for (const side of each.sides) for (let i = 0; i < warmUps; i++) await measure(each, sides[side], scene)
  const measured: Partial<Record<Side, Measured[]>> = {}
  for (let round = 0; round < rounds; round++)
    for (const side of turns(each.sides, round)) (measured[side] ??= []).push(await measure(each, sides[side], scene))
  return each.rows(measured)
}
