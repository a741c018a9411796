import type { Inspection, PluginState, Row } from 'openclaw/plugin'
import type { Probe } from '../contracts/probes.js'

export interface Readiness {
  readonly status: 200 | 503
  /** Says only whether the gateway is ready. */
  readonly brief: string
  /** Names what is failing. For the operator. */
  readonly detail: string
}

/** How long an answer is given again before the gateway is looked at anew. */
const cacheMs = 1_000

/**
 * Readiness of the whole gateway, from plugin states and probes. Never throws: what cannot be determined is not ready.
 */
export function createReadiness(source: { inspect(): Inspection; probes(): Iterable<Row<Probe>> }) {
  let expiresAt = 0
  let answer: Readiness | undefined
  return {
    read(): Readiness {
      const now = performance.now()
      if (answer && now < expiresAt) return answer
      answer = assess(source)
      expiresAt = now + cacheMs
      return answer
    },
    /** The next `read` looks again: something changed that must be told at once. */
    expire() {
      answer = undefined
    },
  }
}

function assess(source: { inspect(): Inspection; probes(): Iterable<Row<Probe>> }): Readiness {
  try {
    const { state, startedAt, plugins } = source.inspect()
    const closing = state === 'closing' || state === 'closed'
    const failing = closing ? ['shutdown'] : [...plugins.filter(fails).map(({ name }) => name), ...failingProbes(source)]
    return serialise(failing, Math.max(0, Date.now() - startedAt))
  } catch {
    return serialise(['internal'], 0)
  }
}

/**
 * A plugin that was turned off on purpose is not missed. One that is just taking over from its predecessor has no reason
 * against it, and its routes wait for it.
 */
const fails = ({ state, reason, quarantinedUntil, intended }: PluginState & { intended?: boolean }) =>
  quarantinedUntil !== undefined || (state !== 'active' && reason !== undefined && !intended)

function* failingProbes(source: { probes(): Iterable<Row<Probe>> }) {
  for (const { key, value } of source.probes()) if (reasonOf(value) !== undefined) yield key
}

/** A probe that breaks is a probe that fails: it must not hide the others. */
function reasonOf(probe: Probe): string | undefined {
  try {
    return probe.check()
  } catch {
    return 'the probe failed'
  }
}

function serialise(failing: string[], uptimeMs: number): Readiness {
  const ready = failing.length === 0
  return {
    status: ready ? 200 : 503,
    brief: JSON.stringify({ ready }),
    detail: JSON.stringify({ ready, failing, uptimeMs }),
  }
}
