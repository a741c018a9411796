import { defineService, type Principal } from 'openclaw/plugin'
import type { Model, Usage } from './models.js'

/** What an image counts as: models take it for some thousand tokens, whatever the length of its encoding. */
export const imageChars = 8_000

/** A call of a model, about to be made. */
export interface Charge {
  /** Undefined: the gateway itself. */
  readonly principal: Principal | undefined
  readonly agent: string
  readonly model: Model
  readonly requestId: string
  /** Characters of everything that is sent, an encoded image as `imageChars`; a token has about four. */
  readonly inputChars: number
  /** Tokens that the answer may have at most; undefined: what the model allows. */
  readonly maxTokens: number | undefined
}

/** Money set aside for a call. */
export interface Reservation {
  /**
   * The call is over; only the first answer counts. Without `usage` the call was not made, or nobody knows what it cost: then `made`
   * decides whether it counts, and for somebody with a limit it costs all that was set aside.
   */
  settle(usage: Usage | undefined, made: boolean): void
}

/** What was used, by whom, and how much more they may. Provided by the plugin `usage`. */
export interface Ledger {
  /**
   * Before a model is called. For somebody with a spend limit it resolves when the highest cost to be expected is set aside on disk;
   * for everybody else it answers at once. Errors: `spend_limit_exceeded` where it does not fit, `model_cost_unknown` where nobody can
   * tell, `plugin_unavailable` where it cannot be written.
   */
  reserve(charge: Charge): Reservation | Promise<Reservation>
}
export const Ledger = defineService<Ledger>('ledger')

/** What somebody may spend. */
export interface SpendLimit {
  readonly dollars: number
  /** Beginning of the period that it is for, in ms; 0: in all. A period is a day or a month of UTC. */
  readonly since: number
  /** When the period ends, in ms; absent for one that never does. */
  readonly until?: number
}

/** Spend limits of principals. Provided by whoever knows them, which is the plugin `keys`. */
export interface SpendLimits {
  /** Undefined: no limit. */
  limitOf(principal: Pick<Principal, 'kind' | 'id'>): SpendLimit | undefined
  /** Everybody who has one. */
  list(): readonly (SpendLimit & Pick<Principal, 'kind' | 'id'>)[]
}
export const SpendLimits = defineService<SpendLimits>('spend-limits')
