import { defineSurface } from 'openclaw/plugin'

/** Something readiness depends on beyond plugin states. Answers the reason why it is not ready, or nothing. */
export interface Probe {
  check(): string | undefined
}
/** Readiness probes by id. Owned by the plugin `health`. */
export const Probes = defineSurface<Probe>('health.probes')
