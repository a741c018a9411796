import type { Inspection, PluginState } from 'openclaw/plugin'
import type { KnownPlugin, Offline } from '../contracts/offline.js'

/** A plugin as the configuration has it, with how it stands in the running gateway. */
export interface Standing extends KnownPlugin {
  /** Undefined when no gateway answers, or it does not know this plugin, or does not show us. */
  readonly running: PluginState | undefined
  /** Named by the readiness probe, where the gateway shows no more than that. */
  readonly failing: boolean
}

/** The running gateway's view. */
export interface View {
  readonly reachable: boolean
  readonly inspection?: Inspection
  /** What its readiness probe names. Read only when the gateway denies the inspection, as a broken `authorize` tap makes it. */
  readonly failing: readonly string[]
}

const askMs = 2_000

/** Ask the running gateway. Never throws: not running is an answer. */
export async function readRunning(context: Offline): Promise<View> {
  try {
    const { status, body } = await context.request('/__openclaw__/plugins', askMs)
    if (status === 200 && Array.isArray(body?.plugins)) return { reachable: true, inspection: body as Inspection, failing: [] }
    const probe = await context.request('/readyz', askMs)
    return { reachable: true, failing: Array.isArray(probe.body?.failing) ? probe.body.failing.map(String) : [] }
  } catch {
    return { reachable: false, failing: [] }
  }
}

/** Both views in one list. Plugins that only the gateway knows are in it too. */
export function merge(known: readonly KnownPlugin[], { inspection, failing }: View): Standing[] {
  const states = new Map(inspection?.plugins.map((state) => [state.name, state]))
  const names = new Set(known.map(({ name }) => name))
  const hidden = [...states.values()].filter(({ name }) => !names.has(name))
  return [
    ...known.map((plugin) => ({ ...plugin, running: states.get(plugin.name), failing: failing.includes(plugin.name) })),
    ...hidden.map((state) => ({
      name: state.name,
      origin: state.origin,
      enabled: state.state !== 'off',
      section: state.section,
      source: 'running gateway',
      running: state,
      failing: false,
    })),
  ]
}

/** One word: the running state where it is known, else what the configuration says. */
export function statusOf({ enabled, running, failing }: Standing, now = Date.now()): string {
  if (running?.quarantinedUntil !== undefined && running.quarantinedUntil > now) return 'quarantined'
  if (failing) return 'failing'
  return running?.state ?? (enabled ? 'enabled' : 'disabled')
}
