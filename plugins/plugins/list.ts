import { printable } from 'openclaw/plugin'
import type { Offline } from '../contracts/offline.js'
import { merge, readRunning, statusOf } from './running.js'

/** `plugins list`: works with and without a gateway. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const [known, view] = await Promise.all([context.plugins(), readRunning(context)])
  const { reachable, inspection } = view
  const all = merge(known, view)
  const shown = options['enabled'] ? all.filter(({ enabled }) => enabled) : all
  if (options['json']) {
    context.out.json({
      gateway: { reachable, ...(inspection && { pid: inspection.pid, pending: inspection.pending }) },
      plugins: shown.map((each) => ({
        id: each.name,
        origin: each.origin,
        enabled: each.enabled,
        status: statusOf(each),
        section: each.section,
        source: each.source,
        ...reasonOf(each.running?.reason ?? each.reason),
      })),
    })
    return 0
  }
  context.out.print(`Plugins (${all.filter(({ enabled }) => enabled).length}/${all.length} enabled)`)
  if (!reachable) context.out.print('Gateway not reachable; showing the configuration.')
  context.out.table(
    ['ID', 'Status', 'Origin', 'Section', 'Source'],
    shown.map((each) => [each.name, statusOf(each), each.origin, each.section, each.source]),
  )
  for (const each of options['verbose'] ? shown : []) {
    const reason = each.running?.reason ?? each.reason
    if (reason !== undefined) context.out.print(`${each.name}: ${printable(reason, 1_000)}`)
  }
  return 0
}

const reasonOf = (reason: string | undefined) => (reason === undefined ? {} : { reason })
