import type { ChatEvent, FinishReason, Usage } from '../contracts/models.js'
import { bodyFailure, brokenFailure, malformed, type Subject } from './failure.js'
import { createToolCalls } from './tool-calls.js'

interface Message {
  content?: unknown
  reasoning_content?: unknown
  reasoning?: unknown
  refusal?: unknown
  tool_calls?: unknown
}
interface Choice {
  delta?: Message | null
  message?: Message | null
  finish_reason?: unknown
  logprobs?: unknown
}

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
}

/** Collects one answer out of its chunks, or out of one object. Errors: those of the upstream, `upstream_bad_response`. */
export interface AnswerReader {
  /** A chunk of a stream. */
  chunk(value: unknown, into: ChatEvent[]): void
  /** The whole answer. */
  whole(value: unknown, into: ChatEvent[]): void
  /** Nothing more comes: `finish`, if none came but the end was marked, then the usage. */
  close(into: ChatEvent[]): void
  /** A `finish` was read. */
  finished(): boolean
}

export function createAnswerReader(subject: Subject, note: (detail: string) => void): AnswerReader {
  const calls = createToolCalls(subject.provider)
  let finished = false
  let usage: Usage | undefined

  function choiceOf(value: unknown): Choice | undefined {
    if (typeof value !== 'object' || value === null) throw malformed(subject.provider, 'an answer that is not an object')
    const { choices, usage: reported, error } = value as { choices?: unknown; usage?: unknown; error?: unknown }
    if (error !== undefined && error !== null) {
      const failure = bodyFailure(subject, value)
      if (failure.detail) note(failure.detail)
      throw failure.error
    }
    // Some report it with every chunk: the last one counts.
    if (reported) usage = usageOf(reported) ?? usage
    return Array.isArray(choices) ? choices[0] : undefined
  }
  function message({ content, reasoning_content, reasoning, refusal, tool_calls }: Message, logprobs: unknown, into: ChatEvent[]) {
    const thought = reasoning_content ?? reasoning
    if (typeof thought === 'string' && thought !== '') into.push({ type: 'reasoning', text: thought })
    const text = typeof content === 'string' ? content : textOf(content)
    if (logprobs !== undefined && logprobs !== null) into.push({ type: 'text', text, logprobs })
    else if (text !== '') into.push({ type: 'text', text })
    if (typeof refusal === 'string' && refusal !== '') into.push({ type: 'refusal', text: refusal })
    if (Array.isArray(tool_calls)) for (const call of tool_calls) calls.read(call ?? {}, into)
  }
  function finish(reason: unknown, into: ChatEvent[]) {
    if (reason === 'error') throw brokenFailure(subject.provider, undefined, 0)
    finished = true
    const known = (typeof reason === 'string' && reasons[reason]) || 'stop'
    // A pinned call ends with `stop` at some; who asked for tools looks for `tool_calls`.
    into.push({ type: 'finish', reason: known === 'stop' && calls.any() ? 'tool_calls' : known })
  }

  return {
    finished: () => finished,
    chunk(value, into) {
      const choice = choiceOf(value)
      if (!choice || finished) return
      if (choice.delta) message(choice.delta, choice.logprobs, into)
      if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') finish(choice.finish_reason, into)
    },
    whole(value, into) {
      const choice = choiceOf(value)
      if (!choice?.message) throw malformed(subject.provider, 'an answer without a message')
      message(choice.message, choice.logprobs, into)
      finish(choice.finish_reason, into)
      this.close(into)
    },
    close(into) {
      if (!finished) finish('stop', into)
      if (usage) into.push({ type: 'usage', usage })
      usage = undefined
    },
  }
}

/** Text parts, where the content is a list. */
function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ''
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('')
}

const number = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : undefined)

function usageOf(value: unknown): Usage | undefined {
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } = value as any
  const promptTokens = number(prompt_tokens)
  if (promptTokens === undefined) return undefined
  const completionTokens = number(completion_tokens) ?? 0
  const cachedTokens = number(prompt_tokens_details?.cached_tokens)
  const reasoningTokens = number(completion_tokens_details?.reasoning_tokens)
  return {
    promptTokens,
    completionTokens,
    totalTokens: number(total_tokens) ?? promptTokens + completionTokens,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  }
}
