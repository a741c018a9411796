import { closed, text } from '../contracts/methods.js'

const sessionKey = { ...text, maxLength: 512 }

export interface SendParams {
  readonly sessionKey: string
  readonly message: string
  readonly idempotencyKey: string
  readonly thinking?: string
  readonly deliver?: boolean
  readonly attachments?: readonly unknown[]
  readonly timeoutMs?: number
  readonly systemInputProvenance?: unknown
  readonly systemProvenanceReceipt?: unknown
}
export const sendSchema = closed<SendParams>(
  {
    sessionKey,
    message: { type: 'string' },
    idempotencyKey: { ...text, maxLength: 512 },
    thinking: { type: 'string' },
    deliver: { type: 'boolean' },
    attachments: { type: 'array' },
    timeoutMs: { type: 'integer', minimum: 0 },
    systemInputProvenance: {},
    systemProvenanceReceipt: {},
  },
  ['sessionKey', 'message', 'idempotencyKey'],
)

export interface HistoryParams {
  readonly sessionKey: string
  readonly limit: number
}
export const historySchema = closed<HistoryParams>(
  { sessionKey: text, limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 200 } },
  ['sessionKey'],
)

export interface AbortParams {
  readonly sessionKey: string
  readonly runId?: string
}
export const abortSchema = closed<AbortParams>({ sessionKey: text, runId: text }, ['sessionKey'])

export interface InjectParams {
  readonly sessionKey: string
  readonly message: string
  readonly label?: string
}
export const injectSchema = closed<InjectParams>({ sessionKey: text, message: text, label: { type: 'string', maxLength: 100 } }, [
  'sessionKey',
  'message',
])
