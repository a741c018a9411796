import { defineService } from 'openclaw/plugin'

/** An agent as configured under `agents`. */
export interface Agent {
  readonly id: string
  readonly name?: string
  readonly default: boolean
  /** Model ref of its own `model`, else of `agents.defaults.model`. */
  readonly primary?: string
  readonly fallbacks: readonly string[]
  /** Model refs it may use, with their alias; undefined: any. Its primary and fallbacks are always allowed. */
  readonly models?: ReadonlyMap<string, { readonly alias?: string }>
}

/** Who the agents are. Sub-agents are not among them. */
export interface Agents {
  list(): readonly Agent[]
  get(id: string): Agent | undefined
  readonly default: Agent
}
export const Agents = defineService<Agents>('agents')

/** Letter or digit, then up to 63 of letters, digits, `_` and `-`. */
export const agentIdPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/i
