import type { Cancellation } from '../contracts/cancellation.js'
import { refusal } from '../contracts/methods.js'

interface Subscriber {
  /** Wants to hear of every session. */
  all: boolean
  /** Sessions whose messages it wants to hear. */
  readonly keys: Set<string>
}

const mostKeys = 256

/** Who wants to hear of sessions, by connection. A connection that closes is forgotten. */
export interface Subscribers {
  watchAll(connId: string, on: boolean, connection: Cancellation): void
  /** Error: `INVALID_REQUEST` past 256 sessions. */
  watch(connId: string, key: string, on: boolean, connection: Cancellation): void
  /** Connections that want to hear what changes. Undefined: none. */
  ofChanges(): ReadonlySet<string> | undefined
  /** Connections that want to hear what is said in a session. Undefined: none. */
  ofMessages(key: string): ReadonlySet<string> | undefined
}

export function createSubscribers(): Subscribers {
  const subscribers = new Map<string, Subscriber>()
  const everyone = new Set<string>()
  const byKey = new Map<string, Set<string>>()

  const leave = (key: string, connId: string) => {
    const listeners = byKey.get(key)
    if (listeners?.delete(connId) && listeners.size === 0) byKey.delete(key)
  }
  const forget = (connId: string) => {
    for (const key of subscribers.get(connId)?.keys ?? []) leave(key, connId)
    everyone.delete(connId)
    subscribers.delete(connId)
  }
  const known = (connId: string, connection: Cancellation): Subscriber => {
    let subscriber = subscribers.get(connId)
    if (!subscriber) {
      subscriber = { all: false, keys: new Set() }
      subscribers.set(connId, subscriber)
      connection.onAbort(() => forget(connId))
    }
    return subscriber
  }
  return {
    watchAll(connId, on, connection) {
      if (connection.aborted) return
      known(connId, connection).all = on
      if (on) everyone.add(connId)
      else everyone.delete(connId)
    },
    watch(connId, key, on, connection) {
      if (connection.aborted) return
      const { keys } = known(connId, connection)
      if (!on) {
        keys.delete(key)
        return leave(key, connId)
      }
      if (keys.size >= mostKeys && !keys.has(key))
        throw refusal('INVALID_REQUEST', `too many subscriptions: at most ${mostKeys} sessions on a connection`)
      keys.add(key)
      const listeners = byKey.get(key) ?? new Set()
      byKey.set(key, listeners.add(connId))
    },
    ofChanges: () => (everyone.size > 0 ? new Set(everyone) : undefined),
    ofMessages(key) {
      const listeners = byKey.get(key)
      if (!listeners) return everyone.size > 0 ? new Set(everyone) : undefined
      return new Set([...everyone, ...listeners])
    },
  }
}
