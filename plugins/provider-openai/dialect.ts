import type { ModelEntry } from './schema.js'

/** What one model at one server takes. */
export interface Dialect {
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  readonly developerRole: boolean
  /** Refuses temperature and its like. */
  readonly fixedSampling: boolean
  readonly reasoningEffort: boolean
  readonly streamUsage: boolean
  readonly tools: boolean
  readonly strictTools: boolean
  readonly images: boolean
  /** Asked for vectors in base64: a quarter of the bytes, where it is sure to be understood. */
  readonly base64Vectors: boolean
  /** Answers are never longer than this. */
  readonly maxTokens: number
}

const vendorHost = 'api.openai.com'
const reasoningIds = /^(?:o\d|gpt-5|codex)(?!.*chat)/

/** From what is configured, else from what is known of the vendor's host, else what most servers take. */
export function dialectOf(host: string, id: string, entry: ModelEntry | undefined): Dialect {
  const official = host === vendorHost
  const compat = entry?.compat ?? {}
  const reasoning = entry?.reasoning ?? (official ? reasoningIds.test(id) : undefined)
  return {
    maxTokensField: compat.maxTokensField ?? (official ? 'max_completion_tokens' : 'max_tokens'),
    developerRole: (compat.supportsDeveloperRole ?? official) && reasoning === true,
    fixedSampling: official && reasoning === true,
    reasoningEffort: compat.supportsReasoningEffort ?? reasoning ?? true,
    streamUsage: compat.supportsUsageInStreaming ?? true,
    tools: compat.supportsTools ?? true,
    strictTools: compat.supportsStrictMode ?? true,
    images: entry?.input === undefined || entry.input.includes('image'),
    base64Vectors: official,
    maxTokens: entry?.maxTokens ?? Number.POSITIVE_INFINITY,
  }
}
