import { turns } from './cold.js'
import type { Scene } from './contestants.js'
import { cpuUs } from './processes.js'
import { headersFor, type Job, type Outcome, type SocketJob } from './scene.js'
import { median, type Row, row, type Target } from './table.js'

/**
 * A server to send requests to. `tapped` and `publishing` are gateways with a plugin of a third party; `direct` is the upstream,
 * whose CPU is of no interest.
 */
export type Side = 'floor' | 'gateway' | 'tapped' | 'publishing' | 'direct'
export type Sides = Readonly<Record<Side, { readonly pid: number; readonly origin: string }>>

export interface Measured extends Outcome {
  readonly cpuUs: number
}
export type Rounds = Readonly<Partial<Record<Side, Measured[]>>>

/** One measurement, repeated in every round with each of the sides. */
export interface Case {
  readonly name: string
  readonly sides: readonly Side[]
  readonly job: Omit<Job, 'origin' | 'headers'> | Omit<SocketJob, 'origin' | 'token'>
  /** Sends a token that is not the right one. */
  readonly stranger?: boolean
  rows(measured: Rounds): Row[]
}

export const pick = (rounds: Rounds, side: Side, key: keyof Measured) => (rounds[side] ?? []).map((one) => one[key])
const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 2 })
const latency = (rounds: Rounds, gateway: Side) =>
  (['floor', gateway] as const)
    .map((side) => `${number(median(pick(rounds, side, 'p50Ms')))} / ${number(median(pick(rounds, side, 'p99Ms')))}`)
    .join(', ') + ' ms'

const comparing =
  (unit: string, key: keyof Measured) =>
  (name: string, rounds: Rounds, target?: Target, gateway: Side = 'gateway'): Row =>
    row(name, unit, pick(rounds, 'floor', key), pick(rounds, gateway, key), target, latency(rounds, gateway))
export const cpuRow = comparing('µs CPU', 'cpuUs')
export const rateRow = comparing('/s', 'requestsPerS')

/** Do a case's job once with one server. */
export async function measure({ job, stranger }: Case, { pid, origin }: Sides[Side], scene: Scene): Promise<Measured> {
  const token = stranger ? 'not-the-token' : scene.token
  const before = cpuUs(pid)
  const outcome = await scene.load.run('script' in job ? { ...job, origin, token } : { ...job, origin, headers: headersFor(token) })
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
