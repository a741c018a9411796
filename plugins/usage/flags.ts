import { GatewayError } from 'openclaw/plugin'
import { type GroupBy, groups } from './report.js'
import { keptDays } from './rows.js'

/** `--days`. Throws `usage`. */
export function daysOf(options: Record<string, any>): number {
  const days = Number(options['days'])
  if (Number.isInteger(days) && days >= 1 && days <= keptDays) return days
  throw new GatewayError('usage', `Invalid --days (use 1 to ${keptDays})`)
}

/** `--by`. Throws `usage`. */
export function groupOf(options: Record<string, any>): GroupBy {
  const by: string = options['by']
  if (Object.hasOwn(groups, by)) return by as GroupBy
  throw new GatewayError('usage', 'Invalid --by (use day, key, agent or model)')
}

/** US dollars: cents, or as much as tells something where there are none. */
export const moneyText = (usd: number): string => `$${usd >= 0.01 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(2)}`
