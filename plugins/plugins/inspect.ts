import { GatewayError, printable } from 'openclaw/plugin'
import type { Offline } from '../contracts/offline.js'
import { merge, readRunning, type Standing, statusOf } from './running.js'

/** `plugins inspect <id>`: exit code 1 for a plugin that nobody knows. */
export async function run(context: Offline, [id]: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  if (id === undefined && !options['all']) throw new GatewayError('usage', "error: missing required argument 'id' (or pass --all)")
  const [known, view] = await Promise.all([context.plugins(), readRunning(context)])
  const all = merge(known, view)
  const shown = options['all'] ? all : all.filter(({ name }) => name === id)
  if (shown.length === 0) {
    out.error(`Plugin not found: ${id}`)
    return 1
  }
  if (options['json']) {
    const documents = shown.map((each) => ({ id: each.name, ...each, status: statusOf(each), running: each.running ?? null }))
    out.json(
      options['all']
        ? { gateway: { reachable: view.reachable, denied: view.reachable && !view.inspection }, plugins: documents }
        : documents[0],
    )
    return 0
  }
  out.print(shown.map(describe).join('\n\n'))
  if (!view.reachable) out.print('\nGateway not reachable; showing the configuration alone.')
  else if (!view.inspection) out.print('\nThe gateway denies this view; only what its readiness probe names is shown.')
  return 0
}

function describe(standing: Standing): string {
  const { name, origin, section, source, reason, running } = standing
  const lines = [
    name,
    `Status: ${statusOf(standing)}`,
    `Origin: ${origin}`,
    `Source: ${source}`,
    `Section: ${section}`,
    ...line('Reason', running?.reason ?? reason),
  ]
  if (!running) return lines.join('\n')
  const { requires, provides, taps, rows, faults, quarantinedUntil } = running
  lines.push(...line('Requires', requires.join(', ')), ...line('Provides', provides.join(', ')), ...line('Hooks', taps.join(', ')))
  for (const [surface, entries] of group(rows)) lines.push(`${surface}:`, ...entries.map(({ key }) => `  ${key}`))
  lines.push(`Faults: ${faults.total} (${faults.lastMinute} in the last minute)`)
  const { last } = faults
  if (last) lines.push(`Last fault: ${new Date(last.time).toISOString()} in ${last.hook}: ${printable(last.message)}`)
  if (quarantinedUntil !== undefined) lines.push(`Quarantined until: ${new Date(quarantinedUntil).toISOString()}`)
  return lines.join('\n')
}

const line = (label: string, text: string | undefined) => (text ? [`${label}: ${printable(text, 1_000)}`] : [])

function group<T extends { surface: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(row.surface, [...(groups.get(row.surface) ?? []), row])
  return groups
}
