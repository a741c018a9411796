import { clientKey } from 'openclaw/plugin'

const maxFailures = 20
const windowMs = 60_000
const lockMs = 60_000
const maxClients = 10_000

interface Client {
  failures: number[]
  lockedUntil: number
}

/**
 * Wrong credentials by client: 20 in a minute lock for a minute. Whoever has the right one is never asked, and clears it. Passes
 * to the successor of the plugin, so that a reload unlocks nobody.
 */
export class Limiter {
  readonly #clients = new Map<string, Client>()

  /** Whole seconds until this client's next wrong credential is looked at again; 0: now. */
  lockedForS(address: string, now = Date.now()): number {
    return Math.max(0, Math.ceil(((this.#clients.get(clientKey(address))?.lockedUntil ?? 0) - now) / 1_000))
  }

  /** Count a wrong credential of a client that is not locked. Answers how many there were in the last minute. */
  fail(address: string, now = Date.now()): number {
    const key = clientKey(address)
    const failures = [...(this.#clients.get(key)?.failures ?? []).filter((time) => now - time < windowMs), now]
    const full = failures.length >= maxFailures
    // Moved to the end: the client that failed longest ago is forgotten first.
    this.#clients.delete(key)
    for (const oldest of this.#clients.keys()) if (this.#clients.size < maxClients || !this.#clients.delete(oldest)) break
    this.#clients.set(key, full ? { failures: [], lockedUntil: now + lockMs } : { failures, lockedUntil: 0 })
    return failures.length
  }

  clear(address: string) {
    if (this.#clients.size > 0) this.#clients.delete(clientKey(address))
  }
}
