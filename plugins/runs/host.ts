import type { Log } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import type { Models, Provider } from '../contracts/models.js'
import type { AgentEvent } from '../contracts/runs.js'
import type { Sessions } from '../contracts/sessions.js'

/** What the engine has of one scope of the plugin. Read at use: each is the newest. */
export interface Host {
  readonly agents: Agents
  readonly models: Models
  readonly sessions: Sessions
  readonly log: Log
  /** Tell clients of an `agent` event. */
  publish(payload: AgentEvent): void
  /** Mask secrets. */
  redact(text: string): string
  /** Keep a provider from being closed while it is asked; `abort` ends that at the deadline. Answers the release. */
  hold(provider: Provider, abort: () => void): () => void
}
