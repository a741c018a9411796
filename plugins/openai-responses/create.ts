import { GatewayError, type Handle, type Principal } from 'openclaw/plugin'
import type { Egress } from '../contracts/egress.js'
import { type Body, isObject } from '../contracts/fields.js'
import type { Call, RawHandler } from '../contracts/http.js'
import type { Inference, InferenceRequest } from '../contracts/inference.js'
import type { ChatMessage, ModelRoute, Models } from '../contracts/models.js'
import { selectorOf } from '../contracts/routing-headers.js'
import { Conversation } from './conversation.js'
import type { ReplyOptions } from './draft.js'
import { parseInput } from './input.js'
import type { Located } from './items.js'
import { type Chain, type Kept, type Scope, scopeOf } from './kept.js'
import type { Library } from './library.js'
import { Media } from './media.js'
import { parseOptions, type ResponseOptions } from './request.js'
import { bodyLimit, type Config } from './schema.js'
import { StreamReply } from './stream-reply.js'
import { WholeReply } from './whole-reply.js'

export interface CreateParts {
  readonly config: Handle<Config>
  readonly models: Handle<Models>
  readonly inference: Handle<Inference>
  /** Without it URLs of images and files are refused. */
  readonly egress: Handle<Egress | undefined>
  readonly library: Library
}

/** One request, as far as it is understood. */
interface Asked {
  readonly options: ResponseOptions
  readonly scope: Scope
  readonly previous: Chain | undefined
  /** Of the request itself. */
  readonly input: readonly Located[]
}

/** POST /v1/responses. Checks go from cheap to dear: size, JSON, fields, agent and model, what it continues, input, URLs. */
export const createResponse =
  ({ config, models, inference, egress, library }: CreateParts): RawHandler =>
  async (req, res, call) => {
    const limits = config.current
    const body = await call.readJson({ maxBytes: bodyLimit(limits) })
    const options = parseOptions(body)
    const selector = selectorOf(req, call, body['model'], 'chat')
    const asked = models.current.route(selector)
    call.note({ agent: asked.agent, model: asked.model.key })
    const scope = scopeOf(call.principal as Principal, asked.agent, selector.session)
    const kept = options.previous !== undefined || hasReference(body['input']) ? await library.open() : undefined
    const previous = kept && options.previous !== undefined ? previousOf(options.previous, kept, scope, limits) : undefined
    // What an agent began goes on with that agent, whatever model is named.
    const route = previous?.lane === 'agent' && asked.lane === 'proxy' ? models.current.route({ ...selector, agent: asked.agent }) : asked
    const media = new Media(limits, egress.current)
    const input = parseInput(body['input'], { media, find: (id) => kept?.item(id, scope) })
    const request = { options, scope, previous, input }
    const messages = await messagesOf(request, media, limits, call)
    const { session } = selector
    await inference.current.answer(req, res, call, {
      route,
      request: { messages, ...options.request },
      body,
      session,
      sessions: 'openresponses',
      reply: replyOf(request, route, library),
    })
  }

/** Whether items of the input stand for kept ones. */
const hasReference = (input: unknown): boolean =>
  Array.isArray(input) &&
  input.some((entry: unknown) => isObject(entry) && (entry['type'] === 'item_reference' || (!entry['type'] && !entry['role'])))

function previousOf(id: string, kept: Kept, scope: Scope, limits: Config): Chain | undefined {
  const chain = kept.chain(id, scope, bodyLimit(limits))
  if (chain || limits.lenientPreviousResponse) return chain
  const param = 'previous_response_id'
  const shown = id.replace(/[^\x20-\x7e]/g, '?').slice(0, 128)
  throw new GatewayError('previous_response_not_found', `Previous response with id '${shown}' not found.`, { param })
}

/** The messages of a model: once without what URLs hold, so that nothing is fetched for a request that is refused. */
async function messagesOf(asked: Asked, media: Media, limits: Config, call: Call): Promise<ChatMessage[]> {
  const messages = build(asked, limits)
  if (!media.pending) return messages
  await media.settle(call.cancellation)
  return build(asked, limits)
}

function build({ options, previous, input }: Asked, { files }: Config): ChatMessage[] {
  const conversation = new Conversation(files.maxChars)
  for (const item of previous?.items ?? []) conversation.add({ item, param: 'previous_response_id' })
  for (const located of input) conversation.add(located)
  const { messages } = conversation
  if (!messages.some(({ role }) => role === 'user' || role === 'tool'))
    throw new GatewayError('missing_required_parameter', 'Missing user message in `input`.', { param: 'input' })
  conversation.settle()
  const { instructions } = options
  return instructions ? [{ role: 'system', content: instructions }, ...messages] : messages
}

function replyOf(asked: Asked, { lane }: ModelRoute, library: Library): InferenceRequest['reply'] {
  const { options, scope, previous, input } = asked
  const { request, allowed, store } = options
  const echo: Body = { ...options.echo, previous_response_id: previous?.id ?? null }
  const rules = { ...request, ...(allowed && { allowed }) }
  const keep: ReplyOptions['keep'] = (ended) =>
    library.add({ ...ended, scope, lane, previous, input: JSON.stringify(input.map(({ item }) => item)) })
  return ({ echo: model }) => {
    const reply = { model, echo, rules, ...(store && { keep }) }
    return request.stream ? new StreamReply(reply) : new WholeReply(reply)
  }
}
