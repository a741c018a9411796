import { type Cancellation, consume, orAborted } from '../contracts/cancellation.js'
import type { InferenceRequest, Reply } from '../contracts/inference.js'
import type { Answering, Model } from '../contracts/models.js'
import type { Audience, RunHead } from './audience.js'

/** How whoever answers is to go about it. */
export interface Offer {
  readonly cancellation: Cancellation
  readonly requestId: string
  /** The client was told which model answers. */
  readonly committed: () => boolean
  /** A model is about to be asked. */
  readonly trying: (model: Model) => void
}

/** A checked request and who answers it. */
export interface Job extends Pick<InferenceRequest, 'route' | 'request' | 'reply'> {
  readonly requestId: string
  /** Asks the models, or an agent in their place. */
  ask(offer: Offer): Promise<Answering>
}

/** The answer to one job, as it comes. */
export class Attempt {
  readonly #job: Job
  readonly #audience: Audience
  /** Who is asked at the moment. */
  #model: Model
  #tried: readonly string[] = []
  #reply: Reply | undefined

  constructor(job: Job, audience: Audience) {
    this.#job = job
    this.#audience = audience
    this.#model = job.route.model
  }

  /** Begin the reply: because a model accepted, or the client waited long enough. A stream answers 200. */
  open(): Reply {
    if (this.#reply) return this.#reply
    const { route, request } = this.#job
    const model = this.#model
    // A client that named no model is told which one answers.
    const reply = this.#job.reply({ model, echo: route.echo === route.model.key ? model.key : route.echo })
    this.#reply = reply
    if (request.stream) this.#audience.open(this.#head, reply)
    return reply
  }

  get #head(): RunHead {
    return { agent: this.#job.route.agent, model: this.#model.key, tried: this.#tried }
  }

  readonly #trying = (model: Model) => {
    if (!this.#reply) this.#model = model
  }

  /** Resolves when the answer is on its way as a whole. */
  async run(): Promise<void> {
    const { request, requestId } = this.#job
    const audience = this.#audience
    const { cancellation } = audience
    let reply!: Reply
    const answering = this.#job.ask({ cancellation, requestId, committed: () => audience.opened, trying: this.#trying })
    await consume(
      answering,
      cancellation,
      (batch) => {
        const frames = reply.push(batch)
        return frames === '' ? undefined : audience.write(frames)
      },
      ({ model, tried }) => {
        if (!this.#reply) this.#tried = tried
        this.#trying(model)
        reply = this.open()
      },
    )
    const ending = reply.end()
    const rest = typeof ending === 'string' ? ending : await orAborted(ending, cancellation)
    if (request.stream) audience.end(rest)
    else audience.reply(this.#head, rest)
  }
}
