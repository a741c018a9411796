import type { Inspection, PluginState } from 'openclaw/plugin'
import type { KnownPlugin, Offline } from '../contracts/offline.js'

/** A plugin as the configuration has it, with how it stands in the running gateway. */
export interface Standing extends KnownPlugin {
  /** Undefined when no gateway answers, or it does not know this plugin. */
  readonly running: PluginState | undefined
}

const askMs = 2_000

/** The running gateway's view; undefined when it is not reachable or does not show it to us. */
export async function readRunning(context: Offline): Promise<Inspection | undefined> {
  try {
    const { status, body } = await context.request('/__openclaw__/plugins', askMs)
    return status === 200 && Array.isArray(body?.plugins) ? (body as Inspection) : undefined
  } catch {
    // Not running is an answer, not an error: the configuration is shown alone.
    return undefined
  }
}

/** Both views in one list. Plugins that only the gateway knows are in it too. */
export function merge(known: readonly KnownPlugin[], running: Inspection | undefined): Standing[] {
  const states = new Map(running?.plugins.map((state) => [state.name, state]))
  const names = new Set(known.map(({ name }) => name))
  const hidden = [...states.values()].filter(({ name }) => !names.has(name))
  return [
    ...known.map((plugin) => ({ ...plugin, running: states.get(plugin.name) })),
    ...hidden.map((state) => ({
      name: state.name,
      origin: state.origin,
      enabled: state.state !== 'off',
      section: state.section,
      source: 'running gateway',
      running: state,
    })),
  ]
}

/** One word: the running state where it is known, else what the configuration says. */
export function statusOf({ enabled, running }: Standing, now = Date.now()): string {
  if (running?.quarantinedUntil !== undefined && running.quarantinedUntil > now) return 'quarantined'
  return running?.state ?? (enabled ? 'enabled' : 'disabled')
}
