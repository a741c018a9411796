import type { IncomingMessage, ServerResponse } from 'node:http'
import { defineService } from 'openclaw/plugin'
import type { Call, ErrorBody } from './http.js'
import type { ChatEvent, ChatRequest, Model, ModelRoute } from './models.js'

/** Puts what a model says into the form of one endpoint: frames of a stream, or one JSON object at the end. */
export interface Reply {
  /** First frames of a stream, sent with the 200. A whole answer has none. */
  readonly opening?: string
  /** Frames to send now; empty where nothing is to be sent yet. */
  push(batch: readonly ChatEvent[]): string
  /** The last frames, done mark included, or the whole answer as JSON. Throws `GatewayError` when the answer is not complete or breaks the request's rules. */
  end(): string | Promise<string>
  /** The last frames of a stream that failed, done mark included. */
  fail?(error: ErrorBody): string
}

/** A checked request of an endpoint. */
export interface InferenceRequest {
  readonly route: ModelRoute
  readonly request: ChatRequest
  /** The parsed body: the same one with the same `Idempotency-Key` joins the run that there is. */
  readonly body: Readonly<Record<string, unknown>>
  /** `x-openclaw-session-key`, trimmed. */
  readonly session: string | undefined
  /** Prefix of sessions that a request without a key gets: `openai`, `openresponses`. */
  readonly sessions: string
  /** Made when it is known which model answers. `echo` is what the reply's `model` says. */
  reply(head: { readonly model: Model; readonly echo: string }): Reply
}

/** Answers requests of the OpenAI-compatible endpoints through either lane. Provided by the plugin `inference`. */
export interface Inference {
  /**
   * Answer on `res`, as a stream where `request.stream` says so. Resolves when that is done; rejects with a `GatewayError` while nothing
   * was sent. Takes a place among the requests in flight, applies the deadline, joins repeated requests, aborts when the client leaves.
   */
  answer(req: IncomingMessage, res: ServerResponse, call: Call, request: InferenceRequest): Promise<void>
}
export const Inference = defineService<Inference>('inference')
