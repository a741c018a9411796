import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Middleware as KoaMiddleware } from 'koa'
import { type CallInfo, defineService, defineSurface, GatewayError, type Owner, type Peer, type Row } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'

export interface BodyLimits {
  /** Bytes on the wire. Default 1 MiB. */
  readonly maxBytes?: number
  /** Whole body. Default 30 s. */
  readonly timeoutMs?: number
  /** Nesting of JSON. Default 100. */
  readonly maxDepth?: number
  /** Keys of one JSON object. Default 10,000. */
  readonly maxKeys?: number
}

/** A server-sent event stream with backpressure and a keep-alive comment. */
export interface EventStream {
  /** Write whole frames. Await the promise, if there is one: the client reads slower than we write. Rejects when it is gone. */
  write(frames: string): Promise<void> | undefined
  end(frames?: string): void
}
export interface EventStreamOptions {
  readonly headers?: OutgoingHttpHeaders
  /** Silence after which a comment is sent. Default 15 s. */
  readonly keepAliveMs?: number
  /** A client that does not read for so long is cut off. Default 120 s. */
  readonly stalledMs?: number
}

export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string }
}

/** One request, from the port to the last log line, with what a handler needs to read and to answer it. */
export interface Call extends CallInfo {
  /** `x-request-id`: the client's if it is well formed, else ours. Runs through logs, events and upstream attempts. */
  readonly id: string
  /** Canonical path: what was checked is what is routed. */
  readonly path: string
  /** What follows a prefix route's path, still percent-encoded. */
  readonly rest: string
  readonly query: string
  /** Client address: the peer, or the first untrusted hop behind a trusted proxy. */
  readonly address: string
  /** A loopback peer with a loopback Host and no forwarding header. Narrows, never grants. */
  readonly direct: boolean
  /** Aborted when the client goes away or the gateway stops waiting; the reason is a `GatewayError`. */
  readonly cancellation: Cancellation
  /** The same for code that needs an `AbortSignal`; made on first use, and not cheap. */
  readonly signal: AbortSignal
  /** More for this request's log line, as in `{ model, agent }`. */
  note(fields: Readonly<Record<string, unknown>>): void
  /** Bounded, timed body. Errors: `payload_too_large`, `request_timeout`. */
  readBody(limits?: BodyLimits): Promise<Buffer>
  /** A JSON object; blank is `{}`. Content-Type is not looked at, as no client relies on it. Errors also: `invalid_json`, `invalid_value`. */
  readJson(limits?: BodyLimits): Promise<Record<string, unknown>>
  /** Answer with JSON; a string is sent as it is, so that a static answer is serialised once. */
  replyJson(status: number, body: unknown, headers?: OutgoingHttpHeaders): void
  replyText(status: number, body: string, headers?: OutgoingHttpHeaders): void
  /** Answer `{"error":{message,type,param,code}}` for a `GatewayError` with an API code; anything else is an internal error. */
  replyError(error: unknown, headers?: OutgoingHttpHeaders): void
  /** What `replyError` would send, for a stream that has already begun. */
  errorBody(error: unknown): ErrorBody
  openEventStream(options?: EventStreamOptions): EventStream
}

/** Answers the request. May throw: a `GatewayError` with an API code is sent as that error, anything else is a fault and a 500. */
export type RawHandler = (req: IncomingMessage, res: ServerResponse, call: Call) => void | Promise<void>

export interface RouteOptions {
  /** `gateway`: the operator's credential. `signed`: the handler verifies a signature itself. `public`: probes only. */
  readonly auth: 'gateway' | 'public' | 'signed'
  /** Scope the principal must hold; needed with `auth: 'gateway'`. */
  readonly scope?: string
  /** `prefix`: everything below the path, which ends in `/`; `call.rest` is what follows. */
  readonly match?: 'exact' | 'prefix'
  /** `%2F` is data in `call.rest`. */
  readonly encodedSlash?: boolean
  /** Gets `(req, res, call)` and bypasses Koa. */
  readonly raw?: boolean
}
export interface Route extends RouteOptions {
  readonly method: string
  readonly path: string
  readonly raw: boolean
  readonly handler: RawHandler | KoaMiddleware
}
type AddRoute = {
  (path: string, options: RouteOptions & { raw: true }, handler: RawHandler): void
  /** Koa: patterns as `/things/:id`; the call is `ctx.state.call`. */
  (path: string, options: RouteOptions & { raw?: false; match?: 'exact' }, handler: KoaMiddleware): void
}

/** The only routes that answer without a credential. A path outside is refused, whoever registers it. */
export const publicPaths: readonly string[] = ['/health', '/healthz', '/ready', '/readyz']
/** Where routes that verify a signature themselves live. */
export const signedPrefixes: readonly string[] = ['/hooks/', '/webhooks/']

function problemWith(path: string, { auth, scope, match, raw }: RouteOptions): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(path)) return 'the path must begin with "/" and be plain ASCII.'
  if (match === 'prefix' && !(raw && path.endsWith('/'))) return 'a prefix route is raw and ends in "/".'
  if (auth === 'public') return publicPaths.includes(path) ? undefined : `only ${publicPaths.join(', ')} may be public.`
  if (auth === 'signed')
    return signedPrefixes.some((prefix) => path.startsWith(prefix)) ? undefined : `signed routes live below ${signedPrefixes.join(' or ')}.`
  if (auth !== 'gateway') return 'needs auth: "gateway", "public" or "signed".'
  return scope ? undefined : 'needs the scope that it asks for.'
}

/** HTTP routes by method and path. Owned by the plugin `http`. */
export const Routes = defineSurface<Route, Record<'get' | 'post' | 'put' | 'patch' | 'delete' | 'head', AddRoute>>(
  'routes',
  (add, plugin) => {
    const adder = (method: string) => (path: string, options: RouteOptions, handler: unknown) => {
      const problem = problemWith(path, options)
      if (problem) throw new GatewayError('bad_route', `Route ${method} ${path}: ${problem}`, { plugin, hook: 'routes' })
      add(`${method} ${path}`, { ...options, raw: options.raw === true, method, path, handler } as Route)
    }
    return {
      get: adder('GET'),
      post: adder('POST'),
      put: adder('PUT'),
      patch: adder('PATCH'),
      delete: adder('DELETE'),
      head: adder('HEAD'),
    }
  },
)

/** What is known of an upgrade. */
export interface UpgradeCall extends CallInfo {
  readonly peer: Peer
}
export interface Upgrade {
  /** `handler`: the first message proves who it is. */
  readonly auth: 'gateway' | 'handler'
  readonly scope: string
  readonly handler: (req: IncomingMessage, socket: Duplex, head: Buffer, call: UpgradeCall) => void | Promise<void>
}
/** WebSocket upgrades by exact path; `/` takes every path nobody else has. Owned by the plugin `http`. */
export const Upgrades = defineSurface<Upgrade>('upgrades')
/** Koa middleware, in order of registration, before Koa routes. Owned by the plugin `http`. */
export const Middleware = defineSurface<KoaMiddleware>('middleware')

/** A row and what follows its prefix, or the methods that the path has. */
export type Match = { route: Row<Route>; rest: string } | { allow: string[] } | undefined

const api = /^\/(?:v1|tools|hooks|webhooks)(?:\/|$)/
/** Paths of programs: what nobody serves there is a JSON 404, never a page. */
export const isApi = (path: string): boolean => api.test(path)
/** A page served for every path does not reach into the programs' paths. */
export const covers = (pattern: string, path: string): boolean => isApi(pattern) || !isApi(path)

/** Told of whatever a handler or middleware threw, and whose it is. */
export type RouteFailed = (thrown: unknown, owner: Owner) => void

/** The routes of one generation that are not raw. */
export interface KoaRoutes {
  match(method: string, path: string): Match
  /** Run the row that was matched, and none but that. */
  serve(row: Row<Route>, req: IncomingMessage, res: ServerResponse, call: Call, failed: RouteFailed): void
}
/** Makes `KoaRoutes`. Rejects, attributed, for a pattern that can't be compiled. Provided by the plugin `koa`. */
export interface KoaBuilder {
  build(routes: readonly Row<Route>[], middleware: readonly Row<KoaMiddleware>[]): Promise<KoaRoutes>
}
export const KoaBuilder = defineService<KoaBuilder>('koa')
