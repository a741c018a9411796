import { messageOf } from 'openclaw/plugin'
import { Serialized } from '../contracts/methods.js'
import { createCache } from './cache.js'
import { describeHealth } from './snapshot.js'
import type { Sources } from './sources.js'

export interface HealthDocuments {
  /** For every authenticated connection. */
  brief(): Serialized
  /** For whoever may read sessions. */
  full(): Serialized
  /** Look at everything anew, and tell when the brief one has changed. */
  refresh(): void
}

/**
 * The health documents, each put together at most once a second. Never throws: what cannot be read is left out, and its reason
 * reported once.
 */
export function createHealth(sources: Sources, publish: (payload: Serialized) => void, failed: (reason: string) => void): HealthDocuments {
  const make = (named: boolean) => {
    const ts = Date.now()
    const began = performance.now()
    const content = JSON.stringify(describe(named, ts)).slice(1)
    const durationMs = Math.round(performance.now() - began)
    return { content, document: new Serialized(`{"ok":true,"ts":${ts},"durationMs":${durationMs},${content}`) }
  }
  let reported: string | undefined
  const describe = (named: boolean, now: number) => {
    try {
      const description = describeHealth(sources, named, now)
      reported = undefined
      return description
    } catch (error) {
      const reason = messageOf(error)
      if (reason !== reported) failed(reason)
      reported = reason
      return describeHealth({ ...sources, sessions: nothing, channels: nothing }, named, now)
    }
  }
  const brief = createCache(() => make(false))
  const full = createCache(() => make(true))
  let told: string | undefined
  return {
    brief: () => brief.read().document,
    full: () => full.read().document,
    refresh() {
      brief.expire()
      full.expire()
      const { content, document } = brief.read()
      if (content !== told) publish(document)
      told = content
    },
  }
}

const nothing = { current: undefined }
