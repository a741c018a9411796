import { closed, text } from '../contracts/methods.js'

const string = { type: 'string' }
const flag = { type: 'boolean' }

export interface InternalEvent {
  readonly source: string
  readonly taskLabel: string
  readonly statusLabel: string
  readonly result: string
  readonly statsLine?: string
  readonly replyInstruction?: string
}

export interface AgentParams {
  readonly message: string
  readonly idempotencyKey: string
  readonly agentId?: string
  readonly sessionKey?: string
  readonly sessionId?: string
  readonly to?: string
  readonly provider?: string
  readonly model?: string
  readonly thinking?: string
  readonly deliver?: boolean
  readonly bestEffortDeliver?: boolean
  readonly attachments?: readonly unknown[]
  readonly channel?: string
  readonly replyChannel?: string
  /** Seconds; 0 is as long as may be. */
  readonly timeout?: number
  readonly extraSystemPrompt?: string
  readonly internalEvents?: readonly InternalEvent[]
  readonly label?: string
}

const internalEvent = {
  ...closed(
    {
      type: { const: 'task_completion' },
      source: { enum: ['subagent', 'cron'] },
      childSessionKey: string,
      childSessionId: string,
      announceType: string,
      taskLabel: string,
      status: { enum: ['ok', 'timeout', 'error', 'unknown'] },
      statusLabel: string,
      result: string,
      statsLine: string,
      replyInstruction: string,
    },
    ['type', 'source', 'childSessionKey', 'announceType', 'taskLabel', 'status', 'statusLabel', 'result'],
  ),
}

const inputProvenance = {
  ...closed(
    {
      kind: { enum: ['external_user', 'inter_session', 'internal_system'] },
      originSessionId: string,
      sourceSessionKey: string,
      sourceChannel: string,
      sourceTool: string,
    },
    ['kind'],
  ),
}

export const agentSchema = closed<AgentParams>(
  {
    message: text,
    idempotencyKey: { ...text, maxLength: 512 },
    agentId: text,
    sessionKey: string,
    sessionId: string,
    to: string,
    replyTo: string,
    provider: string,
    model: string,
    thinking: string,
    deliver: flag,
    bestEffortDeliver: flag,
    attachments: { type: 'array' },
    channel: string,
    replyChannel: string,
    accountId: string,
    replyAccountId: string,
    threadId: string,
    groupId: string,
    groupChannel: string,
    groupSpace: string,
    timeout: { type: 'integer', minimum: 0 },
    lane: string,
    extraSystemPrompt: string,
    internalEvents: { type: 'array', maxItems: 100, items: internalEvent },
    inputProvenance,
    label: { type: 'string', minLength: 1, maxLength: 512 },
  },
  ['message', 'idempotencyKey'],
)

export interface WaitParams {
  readonly runId: string
  readonly timeoutMs: number
}
export const waitSchema = closed<WaitParams>({ runId: text, timeoutMs: { type: 'integer', minimum: 0, default: 30_000 } }, ['runId'])
