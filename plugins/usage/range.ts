import { refusal } from '../contracts/methods.js'
import { dayOf, keptDays } from './rows.js'

/** Days, the first and the last included. */
export interface Range {
  readonly startDate: string
  readonly endDate: string
  readonly days: number
}

/** As clients send it. Days are those of UTC; the offset only says which of them is today. */
export interface RangeParams {
  readonly startDate?: unknown
  readonly endDate?: unknown
  readonly days?: unknown
  readonly mode?: unknown
  readonly utcOffset?: unknown
}

const dayMs = 86_400_000
const defaultDays = 30
const minuteMs = 60_000

const invalid = (field: string, use: string) => refusal('INVALID_REQUEST', `invalid ${field} (use ${use})`)

/** Errors: `INVALID_REQUEST` that names the field. */
export function readRange(params: RangeParams, now: number): Range {
  const today = parse(dayOf(now + offsetMs(params, now)), 'endDate') as number
  const from = parse(params.startDate, 'startDate')
  const to = parse(params.endDate, 'endDate')
  const days = readDays(params.days)
  const end = to ?? (from !== undefined && days !== undefined ? from + (days - 1) * dayMs : today)
  const start = from ?? end - ((days ?? defaultDays) - 1) * dayMs
  if (start > end) throw invalid('startDate', 'a day before endDate')
  return { startDate: dayOf(start), endDate: dayOf(end), days: Math.round((end - start) / dayMs) + 1 }
}

function readDays(days: unknown): number | undefined {
  if (days === undefined) return undefined
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1 || days > keptDays) throw invalid('days', `1 to ${keptDays}`)
  return days
}

function parse(date: unknown, field: string): number | undefined {
  if (date === undefined) return undefined
  const ms = typeof date === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || dayOf(ms) !== date) throw invalid(field, 'YYYY-MM-DD')
  return ms
}

/** How far the client's day is ahead of that of UTC. */
function offsetMs({ mode = 'utc', utcOffset }: RangeParams, now: number): number {
  if (mode === 'utc') return 0
  if (mode === 'gateway') return -new Date(now).getTimezoneOffset() * minuteMs
  if (mode !== 'specific') throw invalid('mode', 'utc, gateway or specific')
  const [, sign, hours, minutes = '0'] = (typeof utcOffset === 'string' && /^UTC([+-])(\d{1,2})(?::([0-5]\d))?$/.exec(utcOffset)) || []
  if (sign === undefined || Number(hours) > 14) throw invalid('utcOffset', 'UTC+H, UTC-H or UTC+H:MM')
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs
}
