import { isIP } from 'node:net'

export const isLoopback = (address: string) => address === '::1' || address.startsWith('127.')

export interface LimiterSettings {
  maxAttempts: number
  windowMs: number
  lockoutMs: number
  exemptLoopback: boolean
}
export type Limiter = ReturnType<typeof createLimiter>

/** First four groups of an IPv6 address, however it is spelt. */
function network64(address: string): string {
  const [head, tail] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = tail ? Array.from({ length: 8 - (head?.length ?? 0) - tail.length }, () => '0') : []
  const groups = [...(head ?? []), ...zeros, ...(tail ?? [])].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** Under what a client's failures are counted. IPv6 by /64: one client owns all of it. */
export const clientKey = (address: string) => (isIP(address) === 6 && !isLoopback(address) ? network64(address) : address)

const bucketLimit = 10_000
const sameCredentialMs = 60_000

/** Failed logins by client: a sliding window and a flat lock. Outlives generations, so that a reload unlocks nobody. */
export function createLimiter() {
  let settings: LimiterSettings = { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000, exemptLoopback: false }
  const buckets = new Map<string, { failures: number[]; tried: Map<string, number>; lockedUntil: number }>()
  const makeRoom = (now: number) => {
    for (const [key, bucket] of buckets) if (bucket.lockedUntil < now && buckets.size >= bucketLimit) buckets.delete(key)
  }
  return {
    configure(next: LimiterSettings) {
      settings = next
    },
    /** Whole seconds until this client may try again, 0 when it may now. */
    lockedForS: (address: string) => Math.max(0, Math.ceil(((buckets.get(clientKey(address))?.lockedUntil ?? 0) - Date.now()) / 1_000)),
    /** Count a wrong credential. The same one again within a minute is a stale client, not a guess: answers false. */
    fail(address: string, credential: string): boolean {
      if (settings.exemptLoopback && isLoopback(address)) return true
      const now = Date.now()
      const key = clientKey(address)
      if (!buckets.has(key)) makeRoom(now)
      if (!buckets.has(key) && buckets.size < bucketLimit) buckets.set(key, { failures: [], tried: new Map(), lockedUntil: 0 })
      const bucket = buckets.get(key)
      if (!bucket) return true
      if (now - (bucket.tried.get(credential) ?? 0) < sameCredentialMs) return false
      if (bucket.tried.size >= 32) bucket.tried.clear()
      bucket.tried.set(credential, now)
      bucket.failures = [...bucket.failures.filter((time) => now - time < settings.windowMs), now]
      if (bucket.failures.length >= settings.maxAttempts) Object.assign(bucket, { failures: [], lockedUntil: now + settings.lockoutMs })
      return true
    },
    succeed(address: string) {
      if (buckets.size > 0) buckets.delete(clientKey(address))
    },
  }
}
