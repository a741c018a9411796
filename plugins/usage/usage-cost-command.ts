import type { Offline } from '../contracts/offline.js'
import { countText } from '../contracts/units.js'
import { daysOf, moneyText } from './flags.js'
import type { Totals } from './report.js'

interface Costs {
  readonly days: number
  readonly daily: readonly (Totals & { readonly date: string })[]
  readonly totals: Totals
}

/** `gateway usage-cost`. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const days = daysOf(options)
  const answer = await context.rpc(options, (gateway) => gateway.call<Costs>('usage.cost', { days }))
  if (options['json']) out.json(answer)
  else {
    const { totals, daily } = answer
    const line = ({ totalCost, totalTokens }: Totals) => `${moneyText(totalCost)} · ${countText(totalTokens)} tokens`
    out.print(`Usage cost (${answer.days} days)`)
    out.print(`Total: ${line(totals)}`)
    if (totals.missingCostEntries > 0) out.print(`Missing entries: ${totals.missingCostEntries}`)
    const latest = daily.at(-1)
    if (latest) out.print(`Latest day: ${latest.date} · ${line(latest)}`)
  }
  return 0
}
