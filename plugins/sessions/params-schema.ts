import { closed, text } from '../contracts/methods.js'
import type { SessionSettings } from '../contracts/sessions.js'

const flag = { type: 'boolean' }
const count = { type: 'integer', minimum: 1 }
const label = { type: 'string', minLength: 1, maxLength: 512 }
/** Null clears. */
const word = { type: ['string', 'null'], minLength: 1, maxLength: 512 }

export interface ListParams {
  limit?: number
  activeMinutes?: number
  includeGlobal?: boolean
  includeUnknown?: boolean
  includeDerivedTitles?: boolean
  includeLastMessage?: boolean
  label?: string
  spawnedBy?: string
  agentId?: string
  search?: string
}
export const listSchema = closed<ListParams>({
  limit: count,
  activeMinutes: count,
  includeGlobal: flag,
  includeUnknown: flag,
  includeDerivedTitles: flag,
  includeLastMessage: flag,
  label,
  spawnedBy: text,
  agentId: text,
  search: { type: 'string', maxLength: 512 },
})

export const previewSchema = closed<{ keys: string[]; limit: number; maxChars: number }>(
  {
    keys: { type: 'array', minItems: 1, items: text },
    limit: { ...count, default: 12 },
    maxChars: { type: 'integer', minimum: 20, default: 240 },
  },
  ['keys'],
)

export interface ResolveParams {
  key?: string
  sessionId?: string
  label?: string
  agentId?: string
  spawnedBy?: string
  includeGlobal?: boolean
  includeUnknown?: boolean
}
export const resolveSchema = closed<ResolveParams>({
  key: text,
  sessionId: text,
  label,
  agentId: text,
  spawnedBy: text,
  includeGlobal: flag,
  includeUnknown: flag,
})

export type PatchParams = { key: string } & { [Name in keyof SessionSettings]?: unknown }
export const patchSchema = closed<PatchParams>(
  {
    key: text,
    label: word,
    thinkingLevel: word,
    fastMode: { type: ['boolean', 'null'] },
    verboseLevel: word,
    reasoningLevel: word,
    responseUsage: word,
    elevatedLevel: word,
    execHost: word,
    execSecurity: word,
    execAsk: word,
    execNode: word,
    model: word,
    spawnedBy: word,
    spawnedWorkspaceDir: { ...word, maxLength: 4_096 },
    spawnDepth: { type: ['integer', 'null'], minimum: 0 },
    subagentRole: word,
    subagentControlScope: word,
    sendPolicy: word,
    groupActivation: word,
  },
  ['key'],
)

export const resetSchema = closed<{ key: string; reason?: 'new' | 'reset' }>(
  { key: text, reason: { type: 'string', enum: ['new', 'reset'] } },
  ['key'],
)

export interface DeleteParams {
  key: string
  deleteTranscript: boolean
  emitLifecycleHooks?: boolean
}
export const deleteSchema = closed<DeleteParams>({ key: text, deleteTranscript: { ...flag, default: true }, emitLifecycleHooks: flag }, [
  'key',
])

export const messagesSubscribeSchema = closed<{ key: string }>({ key: text }, ['key'])

export const sessionKinds = ['main', 'group', 'cron', 'hook', 'node', 'other'] as const
export type SessionKind = (typeof sessionKinds)[number]
const about = (description: string, node: Record<string, unknown>) => ({ ...node, description })
const keyOrId = { ...text, maxLength: 512 }

export interface ListToolArgs {
  kinds?: readonly SessionKind[]
  limit: number
  activeMinutes?: number
  messageLimit: number
}
export const listToolSchema = closed<ListToolArgs>({
  kinds: about('Only sessions of these kinds.', { type: 'array', minItems: 1, items: { type: 'string', enum: [...sessionKinds] } }),
  limit: about('How many, newest first.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  activeMinutes: about('Only those that changed within so many minutes.', count),
  messageLimit: about('With so many of the last messages of each.', { type: 'integer', minimum: 0, maximum: 20, default: 0 }),
})

export interface HistoryToolArgs {
  sessionKey: string
  limit: number
  includeTools: boolean
}
export const historyToolSchema = closed<HistoryToolArgs>(
  {
    sessionKey: about('Key or id of the session; "main" is the main session of this agent.', keyOrId),
    limit: about('How many of the last messages.', { type: 'integer', minimum: 1, maximum: 1_000, default: 50 }),
    includeTools: about('With calls of tools and their results.', { ...flag, default: false }),
  },
  ['sessionKey'],
)

export const statusToolSchema = closed<{ sessionKey?: string }>({
  sessionKey: about('Key or id of the session. Default: this one.', keyOrId),
})
