import { join } from 'node:path'
import { GatewayError } from 'openclaw/plugin'
import type { Offline } from '../contracts/offline.js'
import { ageText, countText } from '../contracts/units.js'
import { listSessions } from './find.js'
import { agentOfKey } from './keys.js'
import { rowOf } from './view.js'

interface Listing {
  readonly path: string
  readonly sessions: readonly Record<string, any>[]
}
interface Filter {
  readonly agent?: string
  readonly activeMinutes?: number
}

/** `sessions`: what the running gateway says, else what its file holds. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const filter = await readFilter(context, options)
  const { path, sessions } = (await askGateway(context, options, filter)) ?? (await readFile(context, filter))
  const now = Date.now()
  const rows = sessions.map((row) => ({
    ...row,
    key: String(row['key']),
    agentId: agentOfKey(String(row['key'])),
    ageMs: typeof row['updatedAt'] === 'number' ? now - row['updatedAt'] : null,
  }))
  if (options['json']) out.json({ path, count: rows.length, activeMinutes: filter.activeMinutes ?? null, sessions: rows })
  else print(out, path, rows)
  return 0
}

async function readFilter(context: Offline, options: Record<string, any>): Promise<Filter> {
  const activeMinutes = options['active'] === undefined ? undefined : Number(options['active'])
  if (activeMinutes !== undefined && !(Number.isInteger(activeMinutes) && activeMinutes >= 1))
    throw new GatewayError('usage', 'Invalid --active (use a number of minutes)')
  const agent = options['allAgents'] ? undefined : String(options['agent'] ?? defaultAgent((await context.config()).effective))
  return { ...(agent !== undefined && { agent }), ...(activeMinutes !== undefined && { activeMinutes }) }
}

/** As the gateway chooses it: the one marked, else the first, else `main`. */
export function defaultAgent(effective: Record<string, any>): string {
  const list: { id: string; default?: boolean }[] = effective['agents']?.list ?? []
  return (list.find((agent) => agent.default) ?? list[0])?.id ?? 'main'
}

/** Undefined when none runs; a refusal is an error. */
async function askGateway(context: Offline, options: Record<string, any>, { agent, activeMinutes }: Filter): Promise<Listing | undefined> {
  const params = { ...(agent !== undefined && { agentId: agent }), ...(activeMinutes !== undefined && { activeMinutes }) }
  try {
    return await context.rpc(options, (gateway) => gateway.call<Listing>('sessions.list', params))
  } catch (error) {
    const { source } = await context.target(options)
    if (error instanceof GatewayError && error.code === 'rpc_unreachable' && source === 'local loopback') return undefined
    throw error
  }
}

async function readFile(context: Offline, filter: Filter): Promise<Listing> {
  const found = await context.readDatabase('sessions', (sql) => listSessions(sql, filter, Date.now()))
  return { path: join(context.paths.state, 'sessions.sqlite'), sessions: (found ?? []).map((session) => rowOf(session, undefined)) }
}

interface Row {
  readonly key: string
  readonly ageMs: number | null
  readonly [field: string]: unknown
}

function print(out: Offline['out'], path: string, rows: readonly Row[]) {
  out.print(`Session store: ${path}\nSessions listed: ${rows.length}`)
  if (rows.length === 0) return out.print('No sessions found.')
  out.table(
    ['Key', 'Kind', 'Age', 'Model', 'Tokens', 'Status'],
    rows.map(({ key, ageMs, kind, model, totalTokens, contextTokens, status }) => [
      key,
      String(kind ?? 'direct'),
      ageMs === null ? 'unknown' : ageText(ageMs),
      String(model ?? '-'),
      typeof totalTokens === 'number'
        ? `${countText(totalTokens)}${typeof contextTokens === 'number' ? `/${countText(contextTokens)}` : ''}`
        : '-',
      String(status ?? '-'),
    ]),
  )
}
