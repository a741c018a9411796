import type { Handle } from 'openclaw/plugin'
import type { Egress } from '../contracts/egress.js'
import type { RawHandler } from '../contracts/http.js'
import type { Inference, Reply } from '../contracts/inference.js'
import type { ChatRequest, Models } from '../contracts/models.js'
import { selectorOf } from '../contracts/routing-headers.js'
import { newHead } from './answer.js'
import { Images } from './images.js'
import { parseMessages } from './messages.js'
import { WholeReply } from './reply.js'
import { parseOptions } from './request.js'
import type { Config } from './schema.js'
import { StreamReply } from './stream.js'

interface Parts {
  readonly config: Handle<Config>
  readonly models: Handle<Models>
  readonly inference: Handle<Inference>
  /** Without it URLs of images are refused. */
  readonly egress: Handle<Egress | undefined>
}

/** POST /v1/chat/completions. Checks go from cheap to dear: size, JSON, fields, agent and model, messages, URLs, a free place. */
export const createHandler =
  ({ config, models, inference, egress }: Parts): RawHandler =>
  async (req, res, call) => {
    const limits = config.current
    const body = await call.readJson({ maxBytes: limits.maxBodyBytes })
    const { request: options, includeUsage } = parseOptions(body)
    const selector = selectorOf(req, call, body['model'], 'chat')
    const route = models.current.route(selector)
    call.note({ agent: route.agent, model: route.model.key })
    const images = new Images(limits)
    const request: ChatRequest = { messages: parseMessages(body['messages'], images), ...options }
    if (images.pending) await images.settle(egress.current, call.cancellation)
    const reply = ({ echo }: { echo: string }): Reply =>
      request.stream ? new StreamReply(newHead(echo), request, includeUsage) : new WholeReply(newHead(echo), request)
    return inference.current.answer(req, res, call, { route, request, body, session: selector.session, sessions: 'openai', reply })
  }
