import type { ServerResponse } from 'node:http'
import { type Cancellation, Canceller } from '../contracts/cancellation.js'
import type { Call, EventStream } from '../contracts/http.js'
import type { Reply } from '../contracts/inference.js'
import type { Config } from './schema.js'

/** What the reply's headers say about the run. */
export interface RunHead {
  readonly agent: string
  readonly model: string
  /** Models that were asked. */
  readonly tried: readonly string[]
}

interface Client {
  readonly res: ServerResponse
  readonly call: Call
  /** When its request came, by `performance.now()`. */
  readonly beganAt: number
  stream: EventStream | undefined
  /** Its write that waits for the client to read. */
  writing: Promise<void> | undefined
  left: boolean
}

/** Characters of a reply that are kept for a repeated request. */
const maxRecordedChars = 1_048_576

/**
 * Whoever waits for one answer: one client, or all that sent the same Idempotency-Key. The run goes at the pace of its
 * slowest reader and ends early when nobody is left.
 */
export class Audience {
  readonly #canceller = new Canceller()
  readonly #clients = new Set<Client>()
  readonly #limits: Pick<Config, 'keepAliveMs' | 'stalledMs'>
  readonly #ended: Promise<void>
  #resolve!: () => void
  #reject!: (error: unknown) => void
  #head: RunHead | undefined
  /** Of a stream that has begun. */
  #reply: Reply | undefined
  #lastFrames: string | undefined
  #body = ''
  #recorded: string | undefined

  constructor(limits: Pick<Config, 'keepAliveMs' | 'stalledMs'>, record: boolean) {
    this.#limits = limits
    this.#recorded = record ? '' : undefined
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#ended.catch(() => undefined)
  }

  /** For the run: nobody waits any more, or time is up. */
  get cancellation(): Cancellation {
    return this.#canceller
  }

  /** A stream has begun: what was sent cannot be taken back. */
  get opened(): boolean {
    return this.#head !== undefined
  }

  /** A repeated request may join. */
  get replayable(): boolean {
    return this.#recorded !== undefined && !this.#canceller.aborted
  }

  abort(reason: unknown) {
    this.#canceller.abort(reason)
  }

  /** Resolves when this client has its answer; rejects with the run's error if it has not been sent anything. */
  async join(res: ServerResponse, call: Call, beganAt: number): Promise<void> {
    const client: Client = { res, call, beganAt, stream: undefined, writing: undefined, left: false }
    this.#clients.add(client)
    const unwatch = call.cancellation.onAbort(() => this.#leave(client))
    try {
      if (this.#head && this.#body === '') this.#openFor(client, this.#head, this.#recorded ?? '')
      await this.#ended
      await this.#finish(client)
    } catch (error) {
      if (!client.stream) throw error
      await this.#finish(client, error)
    } finally {
      unwatch()
      this.#clients.delete(client)
    }
  }

  #leave(client: Client) {
    client.left = true
    for (const { left } of this.#clients) if (!left) return
    this.#canceller.abort(client.call.cancellation.reason)
  }

  /** Answer 200 and begin the stream. */
  open(head: RunHead, reply: Reply) {
    if (this.#head) return
    this.#head = head
    this.#reply = reply
    const { opening = '' } = reply
    this.#record(opening)
    for (const client of this.#clients) this.#openFor(client, head, opening)
  }

  #openFor(client: Client, head: RunHead, frames: string) {
    if (client.res.destroyed) return
    client.stream = client.call.openEventStream({ headers: headersOf(client, head), ...this.#limits })
    this.#send(client, frames)
  }

  /** Send frames to everyone. Await the promise, if there is one: somebody reads slower than the model writes. */
  write(frames: string): Promise<unknown> | undefined {
    this.#record(frames)
    let waiting: Promise<void>[] | undefined
    for (const client of this.#clients) {
      this.#send(client, frames)
      if (client.writing) (waiting ??= []).push(client.writing)
    }
    return waiting && Promise.all(waiting)
  }

  #send(client: Client, frames: string) {
    if (frames === '' || client.res.destroyed) return
    // A client that went away ends the run through its signal, if it was the last.
    client.writing = client.stream?.write(frames)?.catch(() => undefined)
  }

  #record(frames: string) {
    if (this.#recorded === undefined) return
    const recorded = this.#recorded + frames
    this.#recorded = recorded.length <= maxRecordedChars ? recorded : undefined
  }

  /** The last frames of a stream. */
  end(frames: string) {
    this.write(frames)
    this.#resolve()
  }

  /** The answer as one JSON text. */
  reply(head: RunHead, body: string) {
    this.#head = head
    this.#body = body
    this.#record(body)
    this.#resolve()
  }

  fail(error: unknown) {
    this.#recorded = undefined
    this.#reject(error)
  }

  async #finish(client: Client, error?: unknown) {
    if (client.res.destroyed) return
    if (!client.stream) return client.call.replyJson(200, this.#body, headersOf(client, this.#head as RunHead))
    try {
      await client.writing
      if (error !== undefined) await client.stream.write(this.#framesOf(client, error))
      client.stream.end()
    } catch {
      // A broken connection is how a client sees that the answer is not whole.
      client.res.destroy()
    }
  }

  /** How a stream that failed ends: the same for everyone. */
  #framesOf({ call }: Client, error: unknown): string {
    return (this.#lastFrames ??= this.#reply?.fail?.(call.errorBody(error)) ?? '')
  }
}

/** Reply headers; the log line names the same model, which is not the first choice after a fallback. */
function headersOf({ call, beganAt }: Client, { agent, model, tried }: RunHead) {
  call.note({ agent, model })
  return {
    'openai-processing-ms': String(Math.round(performance.now() - beganAt)),
    'x-openclaw-agent-id': agent,
    'x-openclaw-resolved-model': printable(model),
    ...(tried.length > 1 && { 'x-openclaw-tried': printable(tried.join(', ')) }),
  }
}

const printable = (text: string) => text.replace(/[^\x20-\x7e]/gu, '?')
