import { defineSchema, type SecretRef } from 'openclaw/plugin'
import { object } from '../contracts/schema-nodes.js'

/** Where a server differs from the vendor's own. */
export interface Compat {
  /** System messages to reasoning models as `developer`. Default: the vendor's host only. */
  readonly supportsDeveloperRole?: boolean
  /** Asks for usage at the end of a stream. Default true. */
  readonly supportsUsageInStreaming?: boolean
  /** Default true; otherwise requests with tools are refused. */
  readonly supportsTools?: boolean
  /** Default true; otherwise `strict` of tools is left out. */
  readonly supportsStrictMode?: boolean
  /** Default: what is known of the model. */
  readonly supportsReasoningEffort?: boolean
  /** Default: `max_completion_tokens` for the vendor's host, `max_tokens` for others. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
}

export interface ModelEntry {
  readonly id: string
  readonly name?: string
  readonly kind?: 'chat' | 'embedding'
  readonly reasoning?: boolean
  readonly input?: readonly ('text' | 'image')[]
  readonly contextWindow?: number
  readonly maxTokens?: number
  readonly cost?: { readonly input?: number; readonly output?: number; readonly cacheRead?: number; readonly cacheWrite?: number }
  readonly compat?: Compat
}

export interface Timeouts {
  readonly headersMs: number
  readonly idleMs: number
  readonly connectMs: number
}

/** One OpenAI-compatible server. */
export interface Entry {
  readonly baseUrl: string
  readonly api?: 'openai-completions'
  readonly apiKey?: SecretRef
  readonly authHeader: boolean
  readonly headers: Readonly<Record<string, SecretRef>>
  readonly models: readonly ModelEntry[]
  readonly anyModel?: boolean
  readonly defaultModel?: string
  /** Inputs of one embeddings request; more are sent in several. */
  readonly embeddingBatch: number
  readonly timeouts: Timeouts
}

/** Entries of `models.providers` by provider name. */
export type Config = Readonly<Record<string, Entry>>

const flag = (help: string) => ({ type: 'boolean', 'x-help': help })
const count = { type: 'integer', minimum: 1 }
const price = { type: 'number', minimum: 0 }
const modelId = { type: 'string', pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]{0,198}[\\x21-\\x7e])?$' }
const secret = {
  'x-secret': true,
  anyOf: [
    { type: 'string' },
    object(
      { source: { enum: ['env', 'file', 'exec'] }, provider: { type: 'string' }, id: { type: 'string', minLength: 1 } },
      { required: ['source', 'id'] },
    ),
  ],
}
const milliseconds = (value: number, help: string) => ({
  type: 'integer',
  minimum: 1,
  maximum: 3_600_000,
  default: value,
  'x-help': help,
})

const compat = object({
  supportsDeveloperRole: flag('Send system messages to reasoning models as "developer".'),
  supportsUsageInStreaming: flag('Takes stream_options.include_usage.'),
  supportsTools: flag('Takes tools.'),
  supportsStrictMode: flag('Takes "strict" on tools.'),
  supportsReasoningEffort: flag('Takes reasoning_effort.'),
  maxTokensField: { enum: ['max_tokens', 'max_completion_tokens'] },
})
const model = object(
  {
    id: { ...modelId, 'x-help': 'As the server knows it.' },
    name: { type: 'string', minLength: 1, 'x-help': 'Shown to people.' },
    kind: { enum: ['chat', 'embedding'], 'x-help': 'Default: by the id.' },
    reasoning: flag('Thinks before it answers: sampling fields are left out where the vendor refuses them.'),
    input: { type: 'array', items: { enum: ['text', 'image'] } },
    contextWindow: count,
    maxTokens: { ...count, 'x-help': 'Longest answer; larger requests are lowered to it.' },
    cost: object({ input: price, output: price, cacheRead: price, cacheWrite: price }),
    compat,
  },
  { required: ['id'] },
)
const entry = object(
  {
    baseUrl: { type: 'string', pattern: '^https?://', 'x-help': 'Up to and including the version, as in http://127.0.0.1:8000/v1.' },
    api: { const: 'openai-completions' },
    apiKey: secret,
    authHeader: { ...flag('Send the key as "Authorization: Bearer".'), default: true },
    headers: { type: 'object', maxProperties: 50, additionalProperties: secret, default: {}, 'x-help': 'Sent with every request.' },
    models: { type: 'array', maxItems: 2_000, items: model, default: [], 'x-help': 'Empty: the server is asked for its list.' },
    anyModel: flag('Accept ids that are not listed. Default: when the list comes from the server.'),
    defaultModel: { ...modelId, 'x-help': 'Answers when neither the request nor its agent names a model.' },
    embeddingBatch: {
      type: 'integer',
      minimum: 1,
      maximum: 2_048,
      default: 256,
      'x-help': 'Inputs of one embeddings request to the server. More are sent in several requests.',
    },
    timeouts: {
      ...object({
        headersMs: milliseconds(60_000, 'Until the headers; for an answer that is not streamed, the whole of it.'),
        idleMs: milliseconds(120_000, 'Between two pieces of an answer.'),
        connectMs: milliseconds(3_000, 'Until a connection stands, TLS included.'),
      }),
      default: {},
    },
  },
  { required: ['baseUrl'] },
)

export const schema = defineSchema<Config>({
  type: 'object',
  maxProperties: 200,
  propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' },
  additionalProperties: entry,
})
