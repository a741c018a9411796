import { randomUUID } from 'node:crypto'
import type { Usage } from '../contracts/models.js'

/** What every part of one reply repeats. */
export interface ReplyHead {
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly model: string
}

export const newHead = (model: string): ReplyHead => ({
  id: `chatcmpl_${randomUUID()}`,
  created: Math.floor(Date.now() / 1_000),
  model,
})

export const usageOf = ({ promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens }: Usage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: totalTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens ?? 0 },
  completion_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
})
