import { GatewayError } from 'openclaw/plugin'
import type { Offline, Rpc } from '../contracts/offline.js'
import { countText } from '../contracts/units.js'
import { daysOf, groupOf, moneyText } from './flags.js'
import { readRange } from './range.js'
import { type Group, type GroupBy, type Report, report } from './report.js'

type Names = ReadonlyMap<string, string>
const noNames: Names = new Map()

/** `usage`: what the running gateway says, else what its file holds. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const by = groupOf(options)
  const days = daysOf(options)
  const { found, names } = (await askGateway(context, options, by, days)) ?? (await readFile(context, by, days))
  const rows = found.rows.map((row) => ({ ...row, ...(names.has(row.id ?? '') && { name: names.get(row.id as string) as string }) }))
  if (options['json']) out.json({ ...found, rows })
  else print(out, { ...found, rows })
  return 0
}

/** Undefined when none runs; a refusal is an error. */
async function askGateway(
  context: Offline,
  options: Record<string, any>,
  by: GroupBy,
  days: number,
): Promise<{ found: Report; names: Names } | undefined> {
  try {
    return await context.rpc(options, async (gateway) => ({
      found: await gateway.call<Report>('usage.report', { by, days }),
      names: by === 'key' ? await namesOfKeys(gateway) : noNames,
    }))
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'rpc_unreachable' && options['url'] === undefined) return undefined
    throw error
  }
}

/** Whoever counts need not know the keys, and there may be none. */
async function namesOfKeys(gateway: Rpc): Promise<Names> {
  try {
    const { keys } = await gateway.call<{ keys: { id: string; name: string }[] }>('keys.list')
    return new Map(keys.map(({ id, name }) => [id, name]))
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'rpc_failed') return noNames
    throw error
  }
}

async function readFile(context: Offline, by: GroupBy, days: number): Promise<{ found: Report; names: Names }> {
  const range = readRange({ days }, Date.now())
  const found = await context.readDatabase('usage', (sql) => report(sql, by, range))
  if (!found)
    throw new GatewayError('store_failed', 'The gateway is not reachable, and no usage is recorded here. Start it with: openclaw gateway')
  context.out.error('Gateway not reachable; showing what is on disk.')
  return { found, names: noNames }
}

const titles: Record<GroupBy, string> = { day: 'Day', key: 'Key', agent: 'Agent', model: 'Model' }

function print(out: Offline['out'], { by, days, rows, totals }: Report & { rows: readonly (Group & { name?: string })[] }) {
  if (rows.length === 0) return out.print(`No usage in the last ${days} days.`)
  const cells = (label: string, { requests, input, output, cacheRead, totalCost }: Report['totals']) => [
    label,
    String(requests),
    countText(input),
    countText(output),
    countText(cacheRead),
    moneyText(totalCost),
  ]
  const label = (row: Group & { name?: string }) =>
    row.kind === undefined
      ? (row.date ?? row.model ?? row.agent ?? '')
      : (row.name ?? (row.kind === row.id ? row.kind : `${row.kind} ${row.id}`))
  out.table(
    [titles[by], 'Requests', 'Input', 'Output', 'Cached', 'Cost'],
    [...rows.map((row) => cells(label(row), row)), cells('Total', totals)],
  )
  if (totals.missingCostEntries > 0) out.print(`The cost of ${totals.missingCostEntries} requests is not known, or is the most it can be.`)
}
