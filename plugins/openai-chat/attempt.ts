import { randomUUID } from 'node:crypto'
import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import { callContext, type ChatRequest, type Model, type ModelRoute, type Provider } from '../contracts/models.js'
import type { Audience, RunHead } from './audience.js'
import { WholeReply } from './reply.js'
import { StreamReply } from './stream.js'

/** A checked request and where it goes. */
export interface Job {
  readonly route: ModelRoute
  readonly request: ChatRequest
  readonly includeUsage: boolean
  readonly requestId: string
}

/** One model's try at a job. */
export class Attempt {
  /** Public id of the model. */
  readonly key: string
  readonly #job: Job
  readonly #model: Model
  readonly #provider: Provider
  readonly #audience: Audience
  readonly #head: RunHead
  readonly #reply: StreamReply | WholeReply

  constructor(job: Job, { model, provider }: { model: Model; provider: Provider }, audience: Audience) {
    const { route, request, includeUsage } = job
    this.key = model.key
    this.#job = job
    this.#model = model
    this.#provider = provider
    this.#audience = audience
    this.#head = { agent: route.agent, model: model.key }
    // A client that named no model is told which one answers.
    const echo = route.echo === route.model.key ? model.key : route.echo
    const head = { id: `chatcmpl_${randomUUID()}`, created: Math.floor(Date.now() / 1_000), model: echo }
    this.#reply = request.stream ? new StreamReply(head, request, includeUsage) : new WholeReply(head, request)
  }

  /** Answer 200, if the client wants a stream: because the model accepted, or the client waited long enough. */
  open() {
    if (this.#reply instanceof StreamReply) this.#audience.open(this.#head, this.#reply.opening)
  }

  /** Resolves when the answer is on its way as a whole. */
  async run(): Promise<void> {
    const { cancellation } = this.#audience
    const waits = createWaits(cancellation)
    try {
      const batches = await waits.until(this.#ask(cancellation))
      this.open()
      const iterator = batches[Symbol.asyncIterator]()
      try {
        for (;;) {
          const step = await waits.until(iterator.next())
          if (step.done) break
          const frames = this.#reply.push(step.value)
          if (frames !== '') await this.#audience.write(frames)
        }
      } catch (error) {
        iterator.return?.().catch(() => undefined)
        throw error
      }
    } finally {
      waits.end()
    }
    const rest = this.#reply.end()
    if (this.#reply instanceof StreamReply) this.#audience.end(rest)
    else this.#audience.reply(this.#head, rest)
  }

  #ask(cancellation: Cancellation) {
    const { request, requestId } = this.#job
    if (!this.#provider.chat)
      throw new GatewayError('unsupported_model_for_endpoint', `The model '${this.key}' does not chat.`, { param: 'model' })
    return this.#provider.chat(this.#model.id, request, callContext(cancellation, requestId))
  }
}

/**
 * Ends a wait on abort, even if what is waited for takes no notice. One listener serves many waits in
 * turn, since there is one for every network read.
 */
function createWaits(cancellation: Cancellation) {
  let interrupt: ((reason: unknown) => void) | undefined
  const end = cancellation.onAbort((reason) => interrupt?.(reason))
  return {
    until<T>(work: Promise<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        interrupt = reject
        work.then(resolve, reject)
        if (cancellation.aborted) reject(cancellation.reason)
      })
    },
    end,
  }
}
