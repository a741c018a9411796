import type { Publication } from 'openclaw/plugin'
import type { Models } from '../contracts/models.js'
import type { Entry, Session, TurnEnd } from '../contracts/sessions.js'
import type { Subscribers } from './subscribers.js'
import { rowOf, shownMessage } from './view.js'

/** Tells those who subscribed what happens in sessions. Costs next to nothing while nobody did. */
export interface Announcer {
  begun(session: Session, entries: readonly Entry[], runId: string): void
  finished(turn: TurnEnd, entries: readonly Entry[]): void
  appended(key: string, entry: Entry): void
  changed(key: string, reason: string): void
}

export interface AnnouncerInputs {
  readonly subscribers: Subscribers
  readonly models: () => Models | undefined
  readonly find: (key: string) => Session | undefined
  readonly publish: (publication: Publication) => void
}

export function createAnnouncer({ subscribers, models, find, publish }: AnnouncerInputs): Announcer {
  const change = (key: string, what: Record<string, unknown>) => {
    const only = subscribers.ofChanges()
    if (!only) return
    const session = find(key)
    const { key: _, ...row } = session ? rowOf(session, models()) : {}
    const whole = session && 'phase' in what ? { session: { key, ...row } } : {}
    publish({ event: 'sessions.changed', payload: { sessionKey: key, ...what, ts: Date.now(), ...whole, ...row }, only })
  }
  const said = (key: string, entries: readonly Entry[]) => {
    const only = entries.length > 0 ? subscribers.ofMessages(key) : undefined
    const session = only && find(key)
    if (!only || !session) return
    const { key: _, ...row } = rowOf(session, models())
    for (const entry of entries) {
      const payload = { sessionKey: key, message: shownMessage(entry), messageId: entry.id, messageSeq: entry.seq }
      publish({ event: 'session.message', payload: { ...payload, session: { key, ...row }, ...row }, only })
    }
  }
  return {
    begun({ key }, entries, runId) {
      if (!subscribers.ofMessages(key)) return
      // After the answer to whoever asked, which is sent as soon as this is known to be on disk.
      setImmediate(() => {
        change(key, { reason: 'send' })
        change(key, { phase: 'start', runId })
        said(key, entries)
      })
    },
    finished({ sessionKey, runId, status }, entries) {
      if (!subscribers.ofMessages(sessionKey)) return
      said(sessionKey, entries)
      // After the run's own events, which are sent as soon as this is known to be on disk.
      setImmediate(() => change(sessionKey, { phase: status === 'error' ? 'error' : 'end', runId }))
    },
    appended(key, entry) {
      said(key, [entry])
      change(key, { phase: 'message', messageId: entry.id, messageSeq: entry.seq })
    },
    changed: (key, reason) => change(key, { reason }),
  }
}
