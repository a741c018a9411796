import { defineService, type GatewayError, type Principal } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'
import type { Answering, ChatEvent, ChatMessage, ChatRequest, Model, Usage } from './models.js'
import type { Message, RunRecord } from './sessions.js'

/** A turn of an agent, asked for. */
export interface RunRequest {
  /** Idempotency key of the client; ours when it sent none. */
  readonly runId: string
  /** Keys are remembered for each kind by itself. `http` runs have no key. */
  readonly kind: 'agent' | 'chat' | 'http'
  readonly agent: string
  /** Session key of that agent; need not be canonical. */
  readonly session: string
  /** What the transcript gets; the last is the user's turn. */
  readonly messages: readonly Message[]
  /** As clients send them. Images become part of the user's turn, anything else is left out. */
  readonly attachments?: readonly unknown[]
  /** What the model sees in place of `messages`: after the agent's prompt and, if `transcript` says so, what the session holds. */
  readonly context?: { readonly messages: readonly ChatMessage[]; readonly transcript: boolean }
  readonly options?: Omit<ChatRequest, 'messages' | 'stream' | 'user'>
  /** Model ref in place of the session's and the agent's. */
  readonly model?: string
  /** Level in place of the session's; one that nobody knows is ignored. */
  readonly thinking?: string
  readonly extraSystemPrompt?: string
  /** Default of the agent. From the start of the run, not of its wait. */
  readonly timeoutMs?: number
  /** Whom it acts for, and so what it may do. */
  readonly principal: Principal
  readonly connId?: string
  readonly deviceId?: string
  readonly requestId: string
  /** Aborts the run with `client`, or with `timeout` where its reason is `upstream_timeout`. Without it nobody needs to stay. */
  readonly cancellation?: Cancellation
  /** A model is about to be asked. */
  readonly onModel?: (model: Model) => void
  /** Somebody was told which model answers, so no other may be tried. */
  readonly committed?: () => boolean
  /** What the model says, as it comes. The model is not read further until the promise resolves, if there is one. */
  readonly onEvents?: (batch: readonly ChatEvent[], by: Pick<Answering, 'model' | 'tried'>) => Promise<unknown> | undefined
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
  /** Why it is not `ok`, with a code of the API vocabulary and without secrets. */
  readonly error?: GatewayError
  readonly stopReason?: StopReason
  /** What the method `agent` answers; absent where that could not be written down. */
  readonly result?: unknown
}

/** A turn that was accepted: its user message is on disk. */
export interface Run {
  readonly runId: string
  readonly kind: RunRequest['kind']
  readonly agent: string
  readonly sessionKey: string
  readonly sessionId: string
  readonly principal: Principal
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
   * Resolves when the user's message is on disk. `earlier`: the key was used before. Errors: `too_many_runs` with `retryAfterS`,
   * `agent_not_found`, `shutting_down`, refusals for a bad attachment, and those of `Sessions`.
   */
  start(request: RunRequest): Promise<{ readonly run: Run } | { readonly earlier: RunRecord; readonly run?: Run }>
  /** Runs that wait or run now. */
  active(): Iterable<Run>
}
export const Runs = defineService<Runs>('runs')

/** Payload of the event `agent`. */
export interface AgentEvent {
  readonly runId: string
  readonly stream: 'lifecycle' | 'assistant'
  readonly data: Readonly<Record<string, unknown>>
  /** Canonical. */
  readonly sessionKey: string
  /** Of this run, from 1. */
  readonly seq: number
  readonly ts: number
}

/** Lines that the next turn of the main session is told of. */
export interface SystemEvents {
  /** At most 20 are kept; the same line twice in a row is one. */
  add(text: string): void
  list(): readonly string[]
}
export const SystemEvents = defineService<SystemEvents>('system-events')
