import { defineService } from 'openclaw/plugin'
import type { Usage } from './models.js'

export type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'toolCall'; id: string; name: string; arguments: Record<string, unknown> }
  | { type: 'thinking'; thinking: string }

/** What a transcript holds, in the shape that WebSocket clients read. Times are ms. */
export type Message =
  | { role: 'user'; content: ContentBlock[]; timestamp: number; senderLabel?: string }
  | {
      role: 'assistant'
      content: ContentBlock[]
      timestamp: number
      api: string
      provider: string
      model: string
      usage: { input: number; output: number; cacheRead: number; cacheWrite: number; totalTokens: number; cost: { total: number } }
      stopReason: 'stop' | 'toolUse' | 'aborted' | 'error' | 'length'
      errorMessage?: string
      responseId?: string
    }
  | { role: 'toolResult'; toolCallId: string; toolName: string; content: ContentBlock[]; isError: boolean; timestamp: number }

/** A message where it is. */
export interface Entry {
  /** 8 hex digits, unique in its transcript. */
  readonly id: string
  /** Position, from 1, without gaps. */
  readonly seq: number
  readonly message: Message
}

/** What `sessions.patch` may set; null clears. */
export interface SessionSettings {
  label?: string
  thinkingLevel?: 'off' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'adaptive'
  fastMode?: boolean
  verboseLevel?: 'off' | 'on' | 'full'
  reasoningLevel?: 'on' | 'off' | 'stream'
  responseUsage?: 'off' | 'tokens' | 'full' | 'on'
  elevatedLevel?: 'on' | 'off' | 'ask' | 'full'
  execHost?: 'sandbox' | 'gateway' | 'node'
  execSecurity?: 'deny' | 'allowlist' | 'full'
  execAsk?: 'off' | 'on-miss' | 'always'
  execNode?: string
  model?: string
  spawnedBy?: string
  spawnedWorkspaceDir?: string
  spawnDepth?: number
  subagentRole?: 'orchestrator' | 'leaf'
  subagentControlScope?: 'children' | 'none'
  sendPolicy?: 'allow' | 'deny'
  groupActivation?: 'mention' | 'always'
}

/** A conversation of one agent. Times are ms. */
export interface Session {
  /** Canonical: `agent:<agentId>:<rest>`. */
  readonly key: string
  readonly agent: string
  /** Of the present transcript, a uuid; a reset begins another. */
  readonly id: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly settings: Readonly<SessionSettings>
  /** Messages of the present transcript. */
  readonly messages: number
  /** The newest run. */
  readonly status?: 'running' | 'done' | 'failed' | 'killed' | 'timeout'
  readonly startedAt?: number
  readonly endedAt?: number
  readonly abortedLastRun: boolean
  /** Model that answered last, as provider and id. */
  readonly provider?: string
  readonly model?: string
  /** Summed over the transcript; `contextTokens` is the newest prompt and its answer. */
  readonly inputTokens: number
  readonly outputTokens: number
  readonly contextTokens: number
  /** Who began it: `chat`, `agent`, `http`, or a channel. */
  readonly origin?: string
}

/** A run as it is remembered, under the idempotency key of whoever asked for it. */
export interface RunRecord {
  /** `agent:<key>`, `chat:<key>`, …: by method, as clients use their keys. */
  readonly key: string
  readonly runId: string
  readonly sessionKey: string
  readonly sessionId: string
  /** `interrupted`: the gateway ended while it ran. */
  readonly status: 'running' | 'ok' | 'error' | 'aborted' | 'timeout' | 'interrupted'
  readonly acceptedAt: number
  readonly endedAt?: number
  /** What the method answered, or the error's message. */
  readonly result?: unknown
  readonly error?: string
}

export interface TurnStart {
  /** Idempotency key with the method before it; undefined when the caller has none. */
  readonly key?: string
  readonly runId: string
  readonly session: string
  readonly agent: string
  readonly origin: string
  readonly messages: readonly Message[]
}
export interface TurnEnd {
  readonly runId: string
  readonly sessionKey: string
  readonly sessionId: string
  readonly key?: string
  readonly status: Exclude<RunRecord['status'], 'running' | 'interrupted'>
  readonly messages: readonly Message[]
  readonly result?: unknown
  readonly error?: string
  readonly model?: { provider: string; id: string }
  readonly usage?: Usage
}

export interface SessionFilter {
  readonly agent?: string
  readonly limit?: number
  /** Updated within so many minutes. */
  readonly activeMinutes?: number
  readonly label?: string
  readonly spawnedBy?: string
  /** Case-insensitive, in label, id and key. */
  readonly search?: string
}

/**
 * The durable memory of every conversation. What a promise resolved for is on disk. Errors are `refusal`s in the words of
 * the WebSocket protocol: `INVALID_REQUEST` for what was asked, `UNAVAILABLE` where the disk refuses or is too slow.
 * Everything here that takes a key takes any spelling of it, except `run`.
 */
export interface Sessions {
  /** Where they are kept, for people; empty when only in memory. */
  readonly path: string
  /** `main` is the default agent's main session; a key without agent belongs to the default agent. Throws for a malformed key. */
  canonical(key: string): string
  get(key: string): Session | undefined
  /** Newest first, 1,000 at most. Runs of schedules are left out. */
  list(filter?: SessionFilter): Session[]
  count(agent?: string): number
  /** The session whose present transcript has this id. */
  byId(id: string): Session | undefined
  /**
   * The newest `limit` messages of the present transcript, or the first ones after position `after`; oldest first. One that was
   * damaged on disk is left out, and named in the log.
   */
  messages(key: string, limit: number, after?: number): Entry[]
  /**
   * Make the session if need be, append the messages and remember the key, in one commit. `earlier`: the key was used before, and
   * nothing was written.
   */
  begin(turn: TurnStart): Promise<{ session: Session; entries: Entry[] } | { earlier: RunRecord }>
  /**
   * Append what the run said and close its record, in one commit. A transcript that was reset meanwhile is still the one written
   * to; of one that was deleted, and of a run that had ended already, nothing is written and the answer is empty.
   */
  finish(turn: TurnEnd): Promise<Entry[]>
  run(key: string): RunRecord | undefined
  /** Append to an existing session outside a run. Throws `session not found`. */
  append(key: string, message: Message): Promise<Entry>
  /** Null clears a setting. Makes the session if it is not there. Throws `label already in use: …`. */
  patch(key: string, changes: { [Name in keyof SessionSettings]?: SessionSettings[Name] | null }): Promise<Session>
  /** A new transcript; the old one is kept under its id. Makes the session if it is not there. `reason` is told to subscribers. */
  reset(key: string, reason?: 'new' | 'reset'): Promise<Session>
  /**
   * Forget a session. `transcript`: its transcripts too, past ones included; `archived` are the files that they were exported to
   * before. Without, they stay on disk but belong to no session.
   */
  remove(key: string, options: { transcript: boolean }): Promise<{ deleted: boolean; archived: string[] }>
  /** The present transcript as lines of JSON, the first of them about the session. */
  export(key: string): Iterable<string>
}
export const Sessions = defineService<Sessions>('sessions')
