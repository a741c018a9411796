import { randomUUID } from 'node:crypto'
import { GatewayError } from 'openclaw/plugin'
import { type Cancellation, consume } from '../contracts/cancellation.js'
import {
  type CallContext,
  callContext,
  type ChatEvent,
  type ChatRequest,
  type Model,
  type ModelRoute,
  type Provider,
} from '../contracts/models.js'
import type { Audience, RunHead } from './audience.js'
import { WholeReply } from './reply.js'
import { StreamReply } from './stream.js'

/** What a model says. `model`: another one than was asked answers. */
export interface Answering extends AsyncIterable<readonly ChatEvent[]> {
  readonly model?: Model
}

/** A checked request and where it goes. */
export interface Job {
  readonly route: ModelRoute
  readonly request: ChatRequest
  readonly includeUsage: boolean
  readonly requestId: string
  /** Answers in place of the route's provider. */
  readonly ask?: (request: ChatRequest, context: CallContext) => Promise<Answering>
}

/** One model's try at a job. */
export class Attempt {
  /** Public id of the model. */
  readonly key: string
  readonly #job: Job
  readonly #model: Model
  readonly #provider: Provider
  readonly #audience: Audience
  #head: RunHead | undefined
  #reply: StreamReply | WholeReply | undefined

  constructor(job: Job, { model, provider }: { model: Model; provider: Provider }, audience: Audience) {
    this.key = model.key
    this.#job = job
    this.#model = model
    this.#provider = provider
    this.#audience = audience
  }

  /** Answer 200, if the client wants a stream: because the model accepted, or the client waited long enough. */
  open(model = this.#model): StreamReply | WholeReply {
    const reply = (this.#reply ??= this.#begin(model))
    if (reply instanceof StreamReply) this.#audience.open(this.#head as RunHead, reply.opening)
    return reply
  }

  #begin({ key: model }: Model) {
    const { route, request, includeUsage } = this.#job
    this.#head = { agent: route.agent, model }
    // A client that named no model is told which one answers.
    const echo = route.echo === route.model.key ? model : route.echo
    const head = { id: `chatcmpl_${randomUUID()}`, created: Math.floor(Date.now() / 1_000), model: echo }
    return request.stream ? new StreamReply(head, request, includeUsage) : new WholeReply(head, request)
  }

  /** Resolves when the answer is on its way as a whole. */
  async run(): Promise<void> {
    const { cancellation } = this.#audience
    let reply!: StreamReply | WholeReply
    await consume(
      this.#ask(cancellation),
      cancellation,
      (batch) => {
        const frames = reply.push(batch)
        return frames === '' ? undefined : this.#audience.write(frames)
      },
      ({ model }) => (reply = this.open(model)),
    )
    const rest = reply.end()
    if (reply instanceof StreamReply) this.#audience.end(rest)
    else this.#audience.reply(this.#head as RunHead, rest)
  }

  #ask(cancellation: Cancellation): Promise<Answering> {
    const { request, requestId, ask } = this.#job
    const context = callContext(cancellation, requestId)
    if (ask) return ask(request, context)
    if (!this.#provider.chat)
      throw new GatewayError('unsupported_model_for_endpoint', `The model '${this.key}' does not chat.`, { param: 'model' })
    return this.#provider.chat(this.#model.id, request, context)
  }
}
