import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bearerOf, type Decision, GatewayError, isPromise, messageOf, type Row } from 'openclaw/plugin'
import { isApi, type KoaRoutes, type Match, type Route } from '../contracts/http.js'
import { dropRest } from './connection.js'
import { allowOrigin, answerPreflight, browserRefusal } from './origin.js'
import { replyDenial, replyError, replyText } from './reply.js'
import { HttpCall } from './request.js'
import { checkHeaders, endsConnection, parseTarget, type Target } from './rules.js'
import { serve } from './serve.js'
import type { Site } from './site.js'

const clientGone = new GatewayError('client_closed', 'The client closed the connection.')
const wellFormedId = /^[A-Za-z0-9._:-]{8,128}$/

export const idOf = ({ headers }: IncomingMessage): string => {
  const sent = headers['x-request-id']
  return typeof sent === 'string' && wellFormedId.test(sent) ? sent : randomUUID()
}

/** Headers of every answer, whoever writes it. */
export const commonHeaders = (id: string, { common }: Site): readonly (readonly [name: string, value: string])[] => [
  ...common,
  ['x-request-id', id],
]

/** Headers and target against the grammar. */
export function checkRequest(req: IncomingMessage, { hosts, limits }: Site): Target | GatewayError {
  const refused = checkHeaders(req, hosts, limits.headerLines)
  return refused ?? parseTarget(req.url as string, req.headers.host as string, limits.targetBytes)
}

/** The one way in for HTTP: grammar, route, credential, scope, handler. Synchronous up to the handler unless a plugin taps in. */
export function dispatch(req: IncomingMessage, res: ServerResponse, site: Site) {
  const id = idOf(req)
  for (const [name, value] of site.common) res.setHeader(name, value)
  res.setHeader('x-request-id', id)
  if (req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined) res.once('finish', () => dropRest(req))
  const target = checkRequest(req, site)
  if (target instanceof GatewayError) return replyError(res, target, endsConnection(target) ? { connection: 'close' } : undefined)
  const found = site.routes.match(req.method as string, target.path)
  if (!site.koa || (found && 'route' in found)) return answer(req, res, site, id, target, found)
  const retry = (koa: KoaRoutes) => {
    const also = koa.match(req.method as string, target.path)
    const both = found && also && 'allow' in also ? { allow: [...found.allow, ...also.allow] } : (also ?? found)
    answer(req, res, site, id, target, both)
  }
  site.koa().then(retry).catch(crashed(res, site))
}

/** For errors of our own that no plugin is to blame for. */
const crashed = (res: ServerResponse, site: Site) => (error: unknown) => {
  site.log.error(`could not answer a request: ${messageOf(error)}`)
  replyError(res, error)
}

function answer(req: IncomingMessage, res: ServerResponse, site: Site, id: string, target: Target, found: Match) {
  if (!found || 'allow' in found) return unmatched(req, res, site, target.path, found?.allow)
  const { route: row, rest } = found
  const route = row.value
  if (target.encodedSlash && !route.encodedSlash)
    return replyError(res, new GatewayError('bad_request', 'Bad request target: an encoded slash.'))
  const { access } = site
  const peer = site.proxies.peer(req.socket.remoteAddress, req.headers)
  const call = new HttpCall(req, res, id, target.path, rest, target.query, row.key, peer, site.redact)
  track(call, row, req, res, site)
  if (req.headers.origin !== undefined) allowOrigin(req, res, site)
  if (site.closing() && route.auth !== 'public')
    return replyError(res, new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 }))
  const request = { call, peer, headers: req.headers, bearer: bearerOf(req.headers.authorization) }
  if (route.auth === 'signed') return serve(row, req, res, call, site)
  const foreign = browserRefusal(req, site, peer)
  if (route.auth === 'public') {
    if (!foreign) call.principal = access.identify(request)
    return serve(row, req, res, call, site)
  }
  const proceed = (decision: Decision) => {
    if ('deny' in decision) return replyDenial(res, decision)
    call.principal = decision
    serve(row, req, res, call, site)
  }
  if (foreign) return proceed(foreign)
  const decision = access.decide(request, route.scope ?? '')
  if (isPromise(decision)) (decision as Promise<Decision>).then(proceed).catch(crashed(res, site))
  else proceed(decision)
}

/** Nothing has this path, or not with this method. */
function unmatched(req: IncomingMessage, res: ServerResponse, site: Site, path: string, allow: string[] | undefined) {
  if (allow !== undefined) {
    if (req.method === 'OPTIONS' && path.startsWith('/v1/') && allowOrigin(req, res, site)) return answerPreflight(req, res)
    return replyText(res, 405, 'Method Not Allowed', { allow: [...new Set(allow)].sort().join(', ') })
  }
  if (site.disabled.has(path))
    return replyError(res, new GatewayError('endpoint_disabled', 'This endpoint is disabled in the configuration.'))
  if (isApi(path)) return replyError(res, new GatewayError('not_found', `Nothing is served at ${path}.`))
  replyText(res, 404, 'Not Found')
}

/** Keep the plugin alive for this call, and tell whoever listens how it ended. */
function track(call: HttpCall, row: Row<Route>, req: IncomingMessage, res: ServerResponse, { emit }: Site) {
  const release = row.owner.hold((reason) => call.abort(reason))
  const { socket } = req
  const before = socket.bytesWritten
  res.once('close', () => {
    const aborted = !res.writableFinished
    if (aborted) call.abort(clientGone)
    release()
    const status = aborted ? 499 : res.statusCode
    const durationMs = performance.now() - call.startedAt
    emit('served', { call, status, durationMs, bytes: socket.bytesWritten - before, aborted, notes: call.notes })
  })
}
