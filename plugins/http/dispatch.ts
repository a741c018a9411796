import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bearerOf, type Decision, GatewayError, isPromise, type Kernel, type Row } from 'openclaw/plugin'
import type { RawHandler, Route } from '../contracts/http.js'
import { allowOrigin, answerPreflight, browserRefusal } from './origin.js'
import { denialError, isApiError, replyError, replyText } from './reply.js'
import { HttpCall } from './request.js'
import type { Match } from './routes.js'
import { checkHeaders, endsConnection, parseTarget, type Target } from './rules.js'
import type { Site } from './site.js'

const clientGone = new GatewayError('client_closed', 'The client closed the connection.')
const wellFormedId = /^[A-Za-z0-9._:-]{8,128}$/
/** How long a request waits for a plugin that is just starting. */
const startWaitMs = 2_000
/** A refused request's body is read and dropped up to this size; past it the connection ends. */
const droppedBodyBytes = 65_536

export const idOf = ({ headers }: IncomingMessage): string => {
  const sent = headers['x-request-id']
  return typeof sent === 'string' && wellFormedId.test(sent) ? sent : randomUUID()
}

/** Headers and target against the grammar. */
export function checkRequest(req: IncomingMessage, { hosts, limits }: Site): Target | GatewayError {
  const refused = checkHeaders(req, hosts, limits.headerLines)
  return refused ?? parseTarget(req.url as string, req.headers.host as string, limits.targetBytes)
}

/** The one way in for HTTP: grammar, route, credential, scope, handler. Synchronous up to the handler unless a plugin taps in. */
export function dispatch(req: IncomingMessage, res: ServerResponse, site: Site, kernel: Pick<Kernel, 'emit'>, closing: boolean) {
  const id = idOf(req)
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('referrer-policy', 'no-referrer')
  res.setHeader('permissions-policy', 'camera=(), microphone=(), geolocation=()')
  res.setHeader('x-request-id', id)
  if (site.hsts) res.setHeader('strict-transport-security', site.hsts)
  const target = checkRequest(req, site)
  if (target instanceof GatewayError) return replyError(res, target, endsConnection(target) ? { connection: 'close' } : undefined)
  const found = site.routes.match(req.method as string, target.path)
  if (site.koa && !(found && 'route' in found)) {
    const retry = (koa: { match(method: string, path: string): Match }) =>
      answer(req, res, site, kernel, closing, id, target, koa.match(req.method as string, target.path) ?? found)
    return void site.koa().then(retry, (error) => replyError(res, error))
  }
  answer(req, res, site, kernel, closing, id, target, found)
}

function answer(
  req: IncomingMessage,
  res: ServerResponse,
  site: Site,
  kernel: Pick<Kernel, 'emit'>,
  closing: boolean,
  id: string,
  target: Target,
  found: Match,
) {
  if (!found || 'allow' in found) return unmatched(req, res, site, target.path, found?.allow)
  const { route: row, rest } = found
  const route = row.value
  if (target.encodedSlash && !route.encodedSlash)
    return replyError(res, new GatewayError('bad_request', 'Bad request target: an encoded slash.'))
  const { access } = site
  const peer = site.proxies.peer(req.socket.remoteAddress, req.headers)
  const call = new HttpCall(req, res, id, target.path, rest, target.query, row.key, peer)
  track(call, row, req, res, kernel)
  if (req.headers.origin !== undefined) allowOrigin(req, res, site)
  if (closing && route.auth !== 'public')
    return replyError(res, new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 }))
  const request = { call, peer, headers: req.headers, bearer: bearerOf(req.headers.authorization), scope: route.scope ?? '' }
  if (route.auth === 'signed') return serve(row, req, res, call, site)
  const foreign = browserRefusal(req, site, peer.forwarded)
  if (route.auth === 'public') {
    if (!foreign) call.principal = access.identify(request)
    return serve(row, req, res, call, site)
  }
  const proceed = (decision: Decision) => {
    if ('deny' in decision) return refuse(req, res, denialError(decision))
    call.principal = decision
    serve(row, req, res, call, site)
  }
  if (foreign) return proceed(foreign)
  const decision = access.decide(request)
  if (isPromise(decision)) decision.then(proceed as never, (error) => replyError(res, error))
  else proceed(decision as Decision)
}

/** Nothing has this path, or not with this method. */
function unmatched(req: IncomingMessage, res: ServerResponse, site: Site, path: string, allow: string | undefined) {
  const api = path === '/v1' || path.startsWith('/v1/')
  if (allow !== undefined) {
    if (req.method === 'OPTIONS' && api && allowOrigin(req, res, site)) return answerPreflight(req, res)
    return replyText(res, 405, 'Method Not Allowed', { allow })
  }
  if (site.disabled.has(path))
    return replyError(res, new GatewayError('endpoint_disabled', 'This endpoint is disabled in the configuration.'))
  if (api) return replyError(res, new GatewayError('not_found', `Nothing is served at ${path}.`))
  replyText(res, 404, 'Not Found')
}

/** Keep the plugin alive for this call, and tell whoever listens how it ended. */
function track(call: HttpCall, row: Row<Route>, req: IncomingMessage, res: ServerResponse, kernel: Pick<Kernel, 'emit'>) {
  const release = row.owner.hold((reason) => call.abort(reason))
  const { socket } = req
  const before = socket.bytesWritten
  res.once('close', () => {
    const aborted = !res.writableFinished
    if (aborted) call.abort(clientGone)
    release()
    const status = aborted ? 499 : res.statusCode
    const durationMs = performance.now() - call.startedAt
    kernel.emit('served', { call, status, durationMs, bytes: socket.bytesWritten - before, aborted, notes: call.notes })
  })
}

/** The body of a refused request is not waited for. */
function refuse(req: IncomingMessage, res: ServerResponse, error: GatewayError) {
  const large = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > droppedBodyBytes
  replyError(res, error, large || req.headers.expect !== undefined ? { connection: 'close' } : undefined)
}

const unavailable = () => new GatewayError('plugin_unavailable', 'This part of the gateway is not available right now.', { retryAfterS: 5 })

function serve(row: Row<Route>, req: IncomingMessage, res: ServerResponse, call: HttpCall, site: Site) {
  const { owner, value, key } = row
  const standing = owner.standing()
  if (standing === 'down') return replyError(res, unavailable())
  if (standing === 'waiting')
    return void setTimeout(
      () => (owner.standing() === 'up' ? serve(row, req, res, call, site) : replyError(res, unavailable())),
      startWaitMs,
    )
  const failed = (thrown: unknown) => {
    const gone = res.destroyed || (thrown instanceof GatewayError && thrown.code === 'client_closed')
    if (!gone && !isApiError(thrown)) owner.fault(`route ${key}`, thrown)
    if (res.headersSent) res.destroy()
    else call.replyError(thrown)
  }
  try {
    const work = value.raw ? (value.handler as RawHandler)(req, res, call) : site.koa?.().then((koa) => koa.serve(req, res, call))
    if (isPromise(work)) work.catch(failed)
  } catch (error) {
    failed(error)
  }
}
