import { type Body, count, flag, integerField, invalid, isObject, range, shown, textField, unsupported } from '../contracts/fields.js'
import type { ChatRequest } from '../contracts/models.js'
import { type ResponseFormat, schemaFormat } from '../contracts/response-format.js'
import { parseTools } from './tools.js'

/** Everything of a request body but `model` and `input`. */
export interface ResponseOptions {
  readonly request: Omit<ChatRequest, 'messages'>
  /** What the response says back, as it stands there. */
  readonly echo: Readonly<Record<string, unknown>>
  /** Client text that stands before the conversation, of this request alone. */
  readonly instructions: string | undefined
  /** The only tools that may be called, where `tool_choice` lists them. */
  readonly allowed: ReadonlySet<string> | undefined
  readonly store: boolean
  readonly previous: string | undefined
}

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const
const summaries = ['auto', 'concise', 'detailed'] as const
const verbosities = ['low', 'medium', 'high'] as const

/** Check and translate the fields. Unknown ones are ignored, `null` is absent. Errors: `invalid_value`, `unsupported_parameter`. */
export function parseOptions(body: Body): ResponseOptions {
  checkUnsupported(body)
  const numbers = parseNumbers(body)
  const tools = parseTools(body)
  const { format, echo: formatEcho } = parseText(body)
  const reasoning = parseReasoning(body)
  const instructions = textField(body, 'instructions')
  const previous = textField(body, 'previous_response_id') || undefined
  const user = textField(body, 'user')
  const store = flag(body, 'store') ?? true
  const effort = reasoning?.effort ?? undefined
  const request: Omit<ChatRequest, 'messages'> = {
    stream: flag(body, 'stream') ?? false,
    ...numbers.request,
    ...tools.request,
    ...(format && { responseFormat: format }),
    ...(effort && { reasoningEffort: effort }),
    ...(user !== undefined && { user }),
  }
  const echo = {
    previous_response_id: previous ?? null,
    instructions: instructions ?? null,
    ...tools.echo,
    truncation: parseTruncation(body),
    text: formatEcho,
    ...numbers.echo,
    reasoning,
    background: false,
    service_tier: 'default',
    metadata: parseMetadata(body),
    safety_identifier: null,
    prompt_cache_key: null,
  }
  return { request, echo, instructions, allowed: tools.allowed, store, previous }
}

function checkUnsupported(body: Body) {
  if (flag(body, 'background')) throw unsupported('background', '`background` must be false: responses are answered at once.')
  if ((body['prompt'] ?? undefined) !== undefined)
    throw unsupported('prompt', '`prompt` is not supported: send `instructions` and `input`.')
}

function parseNumbers(body: Body) {
  const temperature = range(body, 'temperature', 0, 2)
  const topP = range(body, 'top_p', 0, 1)
  const presencePenalty = range(body, 'presence_penalty', -2, 2)
  const frequencyPenalty = range(body, 'frequency_penalty', -2, 2)
  const topLogprobs = integerField(body, 'top_logprobs', 0, 20, 'an integer between 0 and 20')
  const maxTokens = count(body, 'max_output_tokens')
  const { include } = body
  const logprobs = (topLogprobs ?? 0) > 0 || (Array.isArray(include) && include.includes('message.output_text.logprobs'))
  return {
    request: {
      ...(maxTokens !== undefined && { maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
      ...(presencePenalty !== undefined && { presencePenalty }),
      ...(frequencyPenalty !== undefined && { frequencyPenalty }),
      ...(logprobs && { logprobs }),
      ...(topLogprobs && { topLogprobs }),
    },
    echo: {
      top_p: topP ?? 1,
      temperature: temperature ?? 1,
      presence_penalty: presencePenalty ?? 0,
      frequency_penalty: frequencyPenalty ?? 0,
      top_logprobs: topLogprobs ?? 0,
      max_output_tokens: maxTokens ?? null,
      max_tool_calls: count(body, 'max_tool_calls') ?? null,
    },
  }
}

/** `text`: plain text is what a model does anyway. */
function parseText(body: Body): { format: ResponseFormat | undefined; echo: unknown } {
  const value = body['text'] ?? {}
  if (!isObject(value)) throw invalid('text', '`text` must be an object.')
  const format = parseFormat(value['format'] ?? undefined)
  const verbosity = verbosities.find((level) => level === value['verbosity'])
  return { format, echo: { format: format ?? { type: 'text' }, ...(verbosity && { verbosity }) } }
}

function parseFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) throw invalid('text.format', '`text.format` must be an object.')
  const { type, json_schema: wrapper, ...flat } = value
  if (type === 'text') return undefined
  if (type === 'json_object') return { type }
  if (type !== 'json_schema')
    throw invalid('text.format.type', `\`text.format.type\` must be text, json_object or json_schema, not ${shown(type)}.`)
  return isObject(wrapper) ? schemaFormat(wrapper, 'text.format.json_schema') : schemaFormat(flat, 'text.format')
}

/** A level nobody knows is ignored. */
function parseReasoning(body: Body) {
  const value = body['reasoning'] ?? undefined
  if (value === undefined) return null
  if (!isObject(value)) throw invalid('reasoning', '`reasoning` must be an object.')
  return {
    effort: efforts.find((effort) => effort === value['effort']) ?? null,
    summary: summaries.find((summary) => summary === value['summary']) ?? null,
  }
}

function parseTruncation(body: Body): string {
  const value = body['truncation'] ?? 'disabled'
  if (value !== 'auto' && value !== 'disabled') throw invalid('truncation', '`truncation` must be "auto" or "disabled".')
  return value
}

function parseMetadata(body: Body): Body {
  const value = body['metadata'] ?? {}
  const fits = ([key, entry]: [string, unknown]) => key.length <= 64 && typeof entry === 'string' && entry.length <= 512
  if (!isObject(value) || Object.keys(value).length > 16 || !Object.entries(value).every(fits))
    throw invalid('metadata', '`metadata` must have at most 16 keys of up to 64 characters, with strings of up to 512.')
  return value
}
