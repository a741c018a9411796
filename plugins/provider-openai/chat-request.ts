import { GatewayError } from 'openclaw/plugin'
import type { ChatMessage, ChatRequest } from '../contracts/models.js'
import type { Dialect } from './dialect.js'

/** More than the protocol takes are left out. */
const maxStops = 4

/** The body of `POST /chat/completions`, as JSON. Errors: `unsupported_parameter` where leaving it out would change the answer's meaning. */
export function chatBody(model: string, request: ChatRequest, dialect: Dialect): string {
  const { stream, temperature, topP, presencePenalty, frequencyPenalty, logitBias, logprobs, topLogprobs } = request
  if (!dialect.images) refuseImages(model, request.messages)
  // A reasoning model that is told not to reason samples like any other.
  const sampling = !dialect.fixedSampling || request.reasoningEffort === 'none'
  return JSON.stringify({
    model,
    messages: dialect.developerRole ? request.messages.map(asDeveloper) : request.messages,
    ...(stream && { stream, ...(dialect.streamUsage && { stream_options: { include_usage: true } }) }),
    ...toolFields(model, request, dialect),
    ...(request.maxTokens !== undefined && {
      [dialect.maxTokensField]: Math.min(request.maxTokens, dialect.maxTokens),
    }),
    ...(sampling && {
      temperature,
      top_p: topP,
      presence_penalty: presencePenalty,
      frequency_penalty: frequencyPenalty,
      logit_bias: logitBias,
      logprobs,
      top_logprobs: logprobs ? topLogprobs : undefined,
      stop: request.stop && request.stop.length > 0 ? request.stop.slice(0, maxStops) : undefined,
    }),
    seed: request.seed,
    response_format: responseFormat(request.responseFormat),
    reasoning_effort: dialect.reasoningEffort ? request.reasoningEffort : undefined,
    user: request.user,
  })
}

const asDeveloper = (message: ChatMessage) => (message.role === 'system' ? { ...message, role: 'developer' } : message)

function refuseImages(model: string, messages: readonly ChatMessage[]) {
  for (const { content } of messages)
    if (Array.isArray(content) && content.some((part) => part.type === 'image_url'))
      throw new GatewayError('invalid_value', `Model '${model}' does not take images.`, { param: 'messages' })
}

function toolFields(model: string, { tools, toolChoice, parallelToolCalls }: ChatRequest, dialect: Dialect) {
  if (!tools || tools.length === 0) return undefined
  if (!dialect.tools) throw new GatewayError('unsupported_parameter', `Model '${model}' does not take tools.`, { param: 'tools' })
  return {
    tools: tools.map(({ strict, ...tool }) => ({
      type: 'function',
      function: dialect.strictTools && strict !== undefined ? { ...tool, strict } : tool,
    })),
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice,
    parallel_tool_calls: parallelToolCalls,
  }
}

function responseFormat(format: ChatRequest['responseFormat']) {
  if (format?.type !== 'json_schema') return format
  const { type, ...schema } = format
  return { type, json_schema: schema }
}
