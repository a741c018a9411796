import { defineService } from 'openclaw/plugin'
import type { ToolPolicies } from './tool-policy.js'

/** How an agent shows itself. `avatar` is a glyph, an http(s) or data URL, or a path that the gateway serves. */
export interface Identity {
  readonly name?: string
  readonly theme?: string
  readonly emoji?: string
  readonly avatar?: string
}

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
  readonly identity: Identity
  /** Directory of its files; undefined when none is configured and the gateway has no state directory. */
  readonly workspace?: string
  /** Longest run. */
  readonly timeoutMs: number
  /** Tokens of a conversation that it sends at most, where its model takes more. */
  readonly contextTokens?: number
  /** What it may use, within the section `tools`. */
  readonly tools?: ToolPolicies
}

/** Who the agents are. Sub-agents are not among them. */
export interface Agents {
  list(): readonly Agent[]
  get(id: string): Agent | undefined
  readonly default: Agent
  /** Sessions of all agents that run at once. */
  readonly maxConcurrent: number
  /**
   * What an agent is told before a conversation: who it is, and the files of its workspace. A change of a file is seen within a
   * second. Never rejects: what cannot be read is left out.
   */
  prompt(id: string): Promise<string>
}
export const Agents = defineService<Agents>('agents')

/** Letter or digit, then up to 63 of letters, digits, `_` and `-`. */
export const agentIdPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/i
