import type { Generation } from './generation.js'
import { hooks } from './hooks.js'
import type { Off } from './plan.js'
import type { ScopeState } from './scope.js'

/** How one plugin stands. */
export interface PluginState {
  name: string
  state: ScopeState | 'off'
  origin: 'bundled' | 'external'
  section: string
  /** Why it is off or failed. */
  reason?: string
  /** It is off because somebody turned it off. */
  intended?: boolean
  faults: { total: number; lastMinute: number; last?: { time: number; hook: string; code: string; message: string } }
  quarantinedUntil?: number
  requires: string[]
  provides: string[]
  taps: string[]
  rows: { surface: string; key: string }[]
}

/** The whole gateway, as `openclaw plugins inspect` prints it. */
export interface Inspection {
  /** Of the program around the gateway, as the host gave it; `0.0.0` when it gave none. */
  version: string
  pid: number
  generation: number
  startedAt: number
  state: 'starting' | 'running' | 'closing' | 'closed'
  plugins: PluginState[]
  /** Who provides each service. */
  services: Record<string, string>
  /** Bound `host:port`s. */
  listening: string[]
  /** Paths of edits that wait for a restart. */
  pending: string[]
}

/** Read the live state off a generation, and add the plugins that are off. */
export function inspectGeneration(generation: Generation, off: readonly Off[]): Pick<Inspection, 'generation' | 'plugins' | 'services'> {
  const rows = [...generation.tables].flatMap(([surface, table]) =>
    [...table.values()].map(({ key, plugin }) => ({ surface, key, plugin })),
  )
  const live = generation.scopes.map(
    ({ name, state, origin, section, reason, faults, plugin, taps }): PluginState => ({
      name,
      state,
      origin,
      section,
      ...(reason !== undefined && { reason }),
      faults: faults.summary(),
      ...(faults.quarantined() && { quarantinedUntil: faults.until() }),
      requires: plugin.requires?.map((r) => ('optional' in r ? `${r.optional.id}?` : r.id)) ?? [],
      provides: plugin.provides?.map(({ id }) => id) ?? [],
      taps: Object.keys(hooks).filter((hook) => taps.some((tap) => tap.hook === hook)),
      rows: rows.filter((row) => row.plugin === name).map(({ surface, key }) => ({ surface, key })),
    }),
  )
  const nothing = { faults: { total: 0, lastMinute: 0 }, requires: [], provides: [], taps: [], rows: [] }
  return {
    generation: generation.id,
    plugins: [...live, ...off.map((one): PluginState => ({ ...one, state: 'off', ...nothing }))],
    services: Object.fromEntries([...generation.services].map(([id, { plugin }]) => [id, plugin])),
  }
}
