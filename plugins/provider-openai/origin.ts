import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import type { Cancellation } from '../contracts/cancellation.js'

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Name, value, name, value. */
  readonly headers: string[]
  readonly body?: string
  readonly headersMs: number
  readonly idleMs: number
}

export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/** The connection behind an answer. Pausing stops reading the socket, aborting destroys it. */
export interface Flow {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Takes the body of an answer as it comes: `data` any number of times, then `end` or `fail`. */
export interface Sink {
  data(chunk: Buffer): void
  end(): void
  fail(cause: unknown): void
}

/** Nothing came back: there was no connection, or there was one but no headers. */
export interface NoAnswer {
  readonly phase: 'connect' | 'headers'
  readonly cause: unknown
}

/** Connections to one scheme, host and port. Redirects are answers like any other. */
export interface Origin {
  /** Send, and answer what `open` makes of the head: it takes the body. On abort the socket is destroyed at once. */
  send<S extends Sink>(request: Request, cancellation: Cancellation, open: (head: Head, flow: Flow) => S): Promise<S | NoAnswer>
  /** Load what the first request needs. */
  warm(): Promise<void>
  close(): Promise<void>
}

/** More calls than a gateway makes at once; the rest would wait for a free connection. */
const maxConnections = 1_024
const keepAliveMs = 30_000

/** Connects on first use. */
export function createOrigin(origin: string, connectMs: number): Origin {
  let pool: Promise<Pool> | undefined
  let closed = false
  const open = () =>
    (pool ??= import('undici').then(
      ({ Pool }) =>
        new Pool(origin, {
          connections: maxConnections,
          keepAliveTimeout: keepAliveMs,
          connect: { timeout: connectMs },
        }),
    ))
  return {
    async warm() {
      if (!closed) await open()
    },
    async send(request, cancellation, sinkFor) {
      if (closed) return { phase: 'connect', cause: new Error('The connections are closed.') }
      const target = await open()
      if (cancellation.aborted) return { phase: 'connect', cause: cancellation.reason }
      return new Promise((resolve) => {
        target.dispatch(
          {
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body ?? null,
            headersTimeout: request.headersMs,
            bodyTimeout: request.idleMs,
          },
          exchange(cancellation, sinkFor, resolve),
        )
      })
    },
    async close() {
      closed = true
      await (await pool)?.destroy()
    },
  }
}

/** One request and its answer, as undici reports it. */
function exchange<S extends Sink>(
  cancellation: Cancellation,
  open: (head: Head, flow: Flow) => S,
  settle: (outcome: S | NoAnswer) => void,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined
  let sink: S | undefined
  const unwatch = cancellation.onAbort((reason) => {
    // Not yet on a connection: undici can't be told, so the caller is, and the request is dropped when it gets one.
    if (controller) controller.abort(reason as Error)
    else settle({ phase: 'connect', cause: reason })
  })
  return {
    onRequestStart(started) {
      controller = started
      if (cancellation.aborted) started.abort(cancellation.reason as Error)
    },
    onResponseStart(flow, status, headers) {
      if (status < 200) return
      sink = open({ status, headers }, flow)
      settle(sink)
    },
    onResponseData(_flow, chunk) {
      sink?.data(chunk)
    },
    onResponseEnd() {
      unwatch()
      sink?.end()
    },
    onResponseError(_flow, cause) {
      unwatch()
      if (sink) sink.fail(cause)
      else settle({ phase: controller ? 'headers' : 'connect', cause })
    },
  }
}
