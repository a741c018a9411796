import type { Principal } from 'openclaw/plugin'
import type { SpendLimit } from '../contracts/ledger.js'

/** US dollars that a key may cost: in all, or in each day or month of UTC. */
export interface KeyLimit {
  readonly usd: number
  readonly per?: 'day' | 'month'
}

/** What a key may do. */
export interface Rights {
  readonly name: string
  readonly scopes: readonly string[]
  /** Patterns of model ids, a final `*` stands for any rest; absent: every model. */
  readonly models?: readonly string[]
  /** Agent ids; absent: every agent. */
  readonly agents?: readonly string[]
  /** Names of tools; none that is not named. */
  readonly tools: readonly string[]
  readonly expiresAtMs?: number
  readonly requestsPerMinute?: number
  readonly spendLimit?: KeyLimit
}

/** A key without its secret. Times are ms. */
export interface Key extends Rights {
  readonly id: string
  readonly createdAtMs: number
  readonly lastUsedAtMs?: number
  readonly revokedAtMs?: number
}

export type KeyState = 'active' | 'expired' | 'revoked'

export const defaultScopes: readonly string[] = ['operator.read', 'operator.write']

export function stateOf({ revokedAtMs, expiresAtMs }: Key, now: number): KeyState {
  if (revokedAtMs !== undefined) return 'revoked'
  return expiresAtMs !== undefined && expiresAtMs <= now ? 'expired' : 'active'
}

export function principalOf({ id, scopes, models, agents, tools }: Key): Principal {
  return { kind: 'key', id, scopes, only: { tools, ...(models && { models }), ...(agents && { agents }) } }
}

/** The limit with the period that `now` falls into. */
export function spendLimitOf({ spendLimit }: Key, now: number): SpendLimit | undefined {
  if (!spendLimit) return undefined
  const { usd: dollars, per } = spendLimit
  if (per === undefined) return { dollars, since: 0 }
  const date = new Date(now)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return per === 'day'
    ? { dollars, since: Date.UTC(year, month, day), until: Date.UTC(year, month, day + 1) }
    : { dollars, since: Date.UTC(year, month), until: Date.UTC(year, month + 1) }
}
