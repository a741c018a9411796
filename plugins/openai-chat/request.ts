import type { ChatRequest } from '../contracts/models.js'
import { type Body, count, flag, integerField, invalid, isObject, range, textField, unsupported } from '../contracts/fields.js'
import { parseFormat } from './format.js'
import { parseTools } from './tools.js'

/** Everything of a request body but `model` and `messages`. */
export interface ChatOptions {
  readonly request: Omit<ChatRequest, 'messages'>
  /** `stream_options.include_usage`: a stream ends with a usage chunk. */
  readonly includeUsage: boolean
}

const maxStops = 32
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const

/** Check and translate the fields. Unknown ones are ignored, `null` is absent. Errors: `invalid_value`, `unsupported_parameter`. */
export function parseOptions(body: Body): ChatOptions {
  checkUnsupported(body)
  const request: Omit<ChatRequest, 'messages'> = { stream: flag(body, 'stream') ?? false }
  const set = <K extends keyof typeof request>(key: K, value: (typeof request)[K] | undefined) => {
    if (value !== undefined) request[key] = value
  }
  set('maxTokens', count(body, 'max_completion_tokens') ?? count(body, 'max_tokens'))
  set('temperature', range(body, 'temperature', 0, 2))
  set('topP', range(body, 'top_p', 0, 1))
  set('presencePenalty', range(body, 'presence_penalty', -2, 2))
  set('frequencyPenalty', range(body, 'frequency_penalty', -2, 2))
  set('stop', parseStop(body['stop']))
  set('seed', integerField(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'an integer'))
  set('logitBias', parseBias(body['logit_bias']))
  set('logprobs', flag(body, 'logprobs'))
  const topLogprobs = integerField(body, 'top_logprobs', 0, 20, 'an integer between 0 and 20')
  if (request.logprobs) set('topLogprobs', topLogprobs)
  set('responseFormat', parseFormat(body['response_format']))
  set('reasoningEffort', parseEffort(body))
  set('user', textField(body, 'user'))
  const { tools, toolChoice, parallelToolCalls } = parseTools(body)
  set('tools', tools)
  set('toolChoice', toolChoice)
  set('parallelToolCalls', parallelToolCalls)
  const streamOptions = body['stream_options'] ?? {}
  if (!isObject(streamOptions)) throw invalid('stream_options', '`stream_options` must be an object.')
  return { request, includeUsage: streamOptions['include_usage'] === true }
}

function checkUnsupported(body: Body) {
  if ((body['n'] ?? 1) !== 1) throw unsupported('n', '`n` must be 1: a reply has one choice.')
  const { modalities } = body
  if (Array.isArray(modalities) && modalities.includes('audio'))
    throw unsupported('modalities', '`modalities` must be ["text"]: audio is not supported.')
}

function parseStop(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  const stops: unknown[] = Array.isArray(value) ? value : [value]
  if (!stops.every((stop) => typeof stop === 'string')) throw invalid('stop', '`stop` must be a string or an array of strings.')
  // A newline alone is a stop that editors rely on, so only the empty string counts as blank.
  const kept = stops.filter((stop) => stop !== '')
  if (kept.length > maxStops) throw invalid('stop', `\`stop\` takes at most ${maxStops} entries.`)
  return kept.length > 0 ? kept : undefined
}

function parseBias(value: unknown): Record<string, number> | undefined {
  if (value === undefined || value === null) return undefined
  const fits = (bias: unknown) => typeof bias === 'number' && bias >= -100 && bias <= 100
  if (!isObject(value) || !Object.values(value).every(fits))
    throw invalid('logit_bias', '`logit_bias` must map token ids to numbers between -100 and 100.')
  return value as Record<string, number>
}

/** `reasoning_effort`, else `reasoning.effort`; a level nobody knows is ignored. */
function parseEffort(body: Body): ChatRequest['reasoningEffort'] | undefined {
  const { reasoning } = body
  const value = body['reasoning_effort'] ?? (isObject(reasoning) ? reasoning['effort'] : undefined)
  return efforts.find((effort) => effort === value)
}
