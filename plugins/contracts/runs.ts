import { defineService } from 'openclaw/plugin'
import type { ChatEvent, ChatMessage, ChatRequest, Model, Usage } from './models.js'
import type { Message, RunRecord } from './sessions.js'

/** A turn of an agent, asked for. */
export interface RunRequest {
  /** Idempotency key of the client; ours when it sent none. */
  readonly runId: string
  /** Keys are remembered for each kind by itself. `http` runs have no key. */
  readonly kind: 'agent' | 'chat' | 'http'
  readonly agent: string
  /** Canonical session key. */
  readonly session: string
  /** What the transcript gets; the last is the user's turn. */
  readonly messages: readonly Message[]
  /** Exactly what the model sees after the agent's prompt, in place of the transcript. */
  readonly context?: readonly ChatMessage[]
  readonly options?: Omit<ChatRequest, 'messages' | 'stream' | 'user'>
  /** Model ref in place of the session's and the agent's. */
  readonly model?: string
  readonly extraSystemPrompt?: string
  /** Default of the agent. From the start of the run, not of its wait. */
  readonly timeoutMs?: number
  /** Who it acts for: `operator`, or a key's id. */
  readonly owner: string
  readonly connId?: string
  readonly deviceId?: string
  readonly requestId: string
  /** What the model says, as it comes. */
  readonly onEvents?: (batch: readonly ChatEvent[]) => void
}

export type StopReason = 'rpc' | 'stop' | 'timeout' | 'client' | 'shutdown'

export interface RunOutcome {
  readonly status: 'ok' | 'error' | 'aborted' | 'timeout'
  /** All the assistant said. */
  readonly text: string
  readonly startedAt: number
  readonly endedAt: number
  readonly model?: Model
  readonly usage?: Usage
  /** What the provider's or our own refusal was; a `GatewayError` with a code of the API vocabulary. */
  readonly error?: Error
  readonly stopReason?: StopReason
}

/** A turn that was accepted: its user message is on disk. */
export interface Run {
  readonly runId: string
  readonly kind: RunRequest['kind']
  readonly agent: string
  readonly sessionKey: string
  readonly sessionId: string
  readonly owner: string
  readonly connId?: string
  readonly deviceId?: string
  readonly acceptedAt: number
  /** Resolves when the assistant's message is on disk. Never rejects. */
  readonly done: Promise<RunOutcome>
  abort(reason: StopReason): void
}

/** Runs agents: one turn at a time in a session, not too many at once. */
export interface Runs {
  /**
   * Resolves when the user's message is on disk. `earlier`: the key was used before. Errors: `too_many_runs`, `agent_not_found`,
   * the refusals of `Sessions`.
   */
  start(request: RunRequest): Promise<{ readonly run: Run } | { readonly earlier: RunRecord; readonly run?: Run }>
  /** Runs that wait or run now. */
  active(): Iterable<Run>
}
export const Runs = defineService<Runs>('runs')

/** Lines that the next turn of the main session is told of. */
export interface SystemEvents {
  /** At most 20 are kept; the same line twice in a row is one. */
  add(text: string): void
  list(): readonly string[]
}
export const SystemEvents = defineService<SystemEvents>('system-events')
