import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { GatewayError, Peer, Principal } from 'openclaw/plugin'
import { type Cancellation, Canceller } from '../contracts/cancellation.js'
import type { BodyLimits, Call, ErrorBody, EventStream, EventStreamOptions } from '../contracts/http.js'
import { readBody, readJson } from './body.js'
import { apiError } from './errors.js'
import { replyError, replyJson, replyText } from './reply.js'
import { openEventStream } from './sse.js'

/** The call of one HTTP request. Signal and notes are made on first use: most requests need neither. */
export class HttpCall implements Call {
  readonly startedAt = performance.now()
  readonly address: string
  readonly direct: boolean
  principal: Principal | undefined
  notes: Record<string, unknown> | undefined

  // Truly private: a call goes to hooks and into log lines, and the headers hold the credential.
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #redact: (text: string) => string
  readonly #canceller = new Canceller()

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    readonly id: string,
    readonly path: string,
    readonly rest: string,
    readonly query: string,
    readonly route: string,
    peer: Peer,
    redact: (text: string) => string,
  ) {
    this.#req = req
    this.#res = res
    this.#redact = redact
    this.address = peer.address
    this.direct = peer.direct
  }
  get method(): string {
    return this.#req.method as string
  }
  get cancellation(): Cancellation {
    return this.#canceller
  }
  get signal(): AbortSignal {
    return this.#canceller.signal
  }
  abort(reason: GatewayError) {
    this.#canceller.abort(reason)
  }
  note(fields: Readonly<Record<string, unknown>>) {
    this.notes = { ...this.notes, ...fields }
  }
  readBody(limits?: BodyLimits): Promise<Buffer> {
    return readBody(this.#req, this.#res, limits)
  }
  readJson(limits?: BodyLimits): Promise<Record<string, unknown>> {
    return readJson(this.#req, this.#res, limits)
  }
  replyJson(status: number, body: unknown, headers?: OutgoingHttpHeaders) {
    replyJson(this.#res, status, body, headers)
  }
  replyText(status: number, body: string, headers?: OutgoingHttpHeaders) {
    replyText(this.#res, status, body, headers)
  }
  replyError(error: unknown, headers?: OutgoingHttpHeaders) {
    replyError(this.#res, error, headers, this.#redact)
  }
  errorBody(error: unknown): ErrorBody {
    return apiError(error, this.#redact).body
  }
  openEventStream(options?: EventStreamOptions): EventStream {
    return openEventStream(this.#res, options)
  }
}
