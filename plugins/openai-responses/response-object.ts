import type { Usage } from '../contracts/models.js'

/** What changes in a response object, as JSON. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly output: string
  /** Whether it can be retrieved: said as it is, not as it was asked for. */
  readonly store: boolean
  readonly usage?: string
  readonly error?: string
  readonly incomplete?: string
}

/** Writes one response object in its states. Made once for each reply: what it says back of the request is printed once. */
export class ResponseObject {
  readonly id: string
  readonly #head: string
  readonly #fixed: string

  /** `echo` are the keys that stay as they are. */
  constructor(id: string, model: string, echo: Readonly<Record<string, unknown>>) {
    this.id = id
    this.#head = `{"id":"${id}","object":"response","created_at":${seconds()},"status":"`
    this.#fixed = JSON.stringify({ model, ...echo }).slice(1, -1)
  }

  json({ status, output, store, usage = 'null', error = 'null', incomplete = 'null' }: ResponseState): string {
    const completedAt = status === 'completed' ? seconds() : null
    const changing = `"completed_at":${completedAt},"error":${error},"incomplete_details":${incomplete},"store":${store}`
    return `${this.#head}${status}",${changing},${this.#fixed},"output":${output},"usage":${usage}}`
  }
}

const seconds = () => Math.floor(Date.now() / 1_000)

/** Nothing where the provider counted nothing: there are clients that take no response without numbers. */
const none: Usage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 }

export const usageJson = ({ promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens }: Usage = none): string =>
  JSON.stringify({
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens ?? 0, cache_write_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: totalTokens,
  })
