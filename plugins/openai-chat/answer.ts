import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, ChatRequest, FinishReason, Usage } from '../contracts/models.js'

/** Collects what a model says and puts it into the client's form: frames of a stream, or one JSON object. */
export interface Answer {
  /** Text to send now; empty where nothing is to be sent yet. */
  push(batch: readonly ChatEvent[]): string
  /** The rest, once the model ended. Throws `GatewayError` when the answer is not complete or breaks the request's rules. */
  end(): string
}

/** What every part of one reply repeats. */
export interface ReplyHead {
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly model: string
}

/** Why the answer ended, checked against what the client asked for. `called` has the names of the tools called. */
export function finishReason(
  reason: FinishReason | undefined,
  called: readonly { readonly name: string }[],
  { toolChoice }: Pick<ChatRequest, 'toolChoice'>,
): FinishReason {
  if (reason === undefined) throw new GatewayError('upstream_error', 'The model stopped before its answer was complete.')
  // Cut short or filtered: that is the answer, and asking again would not change it.
  if (reason === 'length' || reason === 'content_filter') return reason
  if (called.length === 0 && toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none')
    throw new GatewayError('upstream_bad_response', 'The model answered without the tool call that `tool_choice` requires.')
  return called.length > 0 ? 'tool_calls' : 'stop'
}

export const usageOf = ({ promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens }: Usage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: totalTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens ?? 0 },
  completion_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
})
