import type { Offline } from '../contracts/offline.js'
import { merge, readRunning, statusOf } from './running.js'

/** `plugins list`: works with and without a gateway. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const [known, running] = await Promise.all([context.plugins(), readRunning(context)])
  const all = merge(known, running)
  const shown = options['enabled'] ? all.filter(({ enabled }) => enabled) : all
  if (options['json']) {
    context.out.json({
      gateway: running ? { reachable: true, pid: running.pid, pending: running.pending } : { reachable: false },
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
  if (!running) context.out.print('Gateway not reachable; showing the configuration.')
  const verbose = Boolean(options['verbose'])
  const head = ['ID', 'Status', 'Origin', 'Section', 'Source', ...(verbose ? ['Reason'] : [])]
  const row = (each: (typeof shown)[number]) => [each.name, statusOf(each), each.origin, each.section, each.source]
  context.out.table(
    head,
    shown.map((each) => (verbose ? [...row(each), each.running?.reason ?? each.reason ?? ''] : row(each))),
  )
  return 0
}

const reasonOf = (reason: string | undefined) => (reason === undefined ? {} : { reason })
