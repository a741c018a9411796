import { GatewayError } from 'openclaw/plugin'
import type { Offline, Rpc } from '../contracts/offline.js'
import { ageText } from '../contracts/units.js'
import type { ShownKey } from './method-rows.js'

interface Spent {
  readonly kind: string
  readonly id: string
  readonly spentUsd: number
}

/** `keys list`. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const { keys, spent } = await context.rpc(options, async (gateway) => ({
    ...(await gateway.call<{ keys: ShownKey[] }>('keys.list')),
    spent: await spentBy(gateway),
  }))
  const rows = keys.map((key) => ({ ...key, ...(spent.has(key.id) && { spentUsd: spent.get(key.id) as number }) }))
  if (options['json']) out.json({ keys: rows })
  else if (rows.length === 0) out.print('No API keys. Make one with: openclaw keys create --name <name>')
  else print(out, rows)
  return 0
}

/** What keys with a limit have spent of it; nothing is known while nobody counts. */
async function spentBy(gateway: Rpc): Promise<ReadonlyMap<string, number>> {
  try {
    const { limits } = await gateway.call<{ limits: Spent[] }>('usage.limits')
    return new Map(limits.filter(({ kind }) => kind === 'key').map(({ id, spentUsd }) => [id, spentUsd]))
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'rpc_failed') return new Map()
    throw error
  }
}

type Listed = ShownKey & { readonly spentUsd?: number }

/** Blank is what a key has when nobody says otherwise; a column in which no key has anything is left out. */
function print(out: Offline['out'], keys: readonly Listed[]) {
  const now = Date.now()
  const columns: readonly (readonly [title: string, cell: (key: Listed) => string])[] = [
    ['Key', ({ id }) => id],
    ['Name', ({ name }) => name],
    ['State', ({ state }) => state],
    ['Scopes', ({ scopes }) => scopes.map((scope) => scope.replace('operator.', '')).join(', ')],
    ['Models', ({ models = [] }) => models.join(', ')],
    ['Agents', ({ agents = [] }) => agents.join(', ')],
    ['Tools', ({ tools }) => tools.join(', ')],
    ['A minute', ({ requestsPerMinute }) => String(requestsPerMinute ?? '')],
    ['Limit', limitText],
    ['Expires', ({ expiresAtMs }) => (expiresAtMs === undefined ? '' : new Date(expiresAtMs).toISOString().slice(0, 10))],
    ['Last used', ({ lastUsedAtMs }) => (lastUsedAtMs === undefined ? 'never' : ageText(now - lastUsedAtMs))],
  ]
  const filled = columns.filter(([, cell]) => keys.some((key) => cell(key) !== ''))
  out.table(
    filled.map(([title]) => title),
    keys.map((key) => filled.map(([, cell]) => cell(key))),
  )
}

function limitText({ spendLimit, spentUsd }: Listed): string {
  if (!spendLimit) return ''
  const { usd, per } = spendLimit
  return `${spentUsd === undefined ? '' : `$${spentUsd.toFixed(2)} of `}$${usd}${per === undefined ? '' : ` a ${per}`}`
}
