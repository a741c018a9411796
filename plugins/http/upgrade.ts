import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { bearerOf, type Decision, type Denial, GatewayError, isPromise, printable, type Row } from 'openclaw/plugin'
import type { Upgrade, UpgradeCall } from '../contracts/http.js'
import { isEnding } from './connection.js'
import { checkRequest, commonHeaders, idOf } from './dispatch.js'
import { apiDenial, apiError, unavailable } from './errors.js'
import { upgradeRefusal } from './origin.js'
import { checkUpgrade } from './rules.js'
import type { Site } from './site.js'

const flushMs = 500

/** The one way in for WebSockets: grammar, origin, row, credential; then the socket is the handler's. */
export function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, site: Site) {
  socket.on('error', () => socket.destroy())
  if (isEnding(socket)) return endSocket(socket)
  const id = idOf(req)
  const refused = (error: unknown) => refuse(socket, error, commonHeaders(id, site))
  const target = checkUpgrade(req, head) ?? checkRequest(req, site)
  if (target instanceof GatewayError) return refused(target)
  if (site.closing()) return refused(new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 }))
  const { headers } = req
  const peer = site.proxies.peer((socket as Duplex & { remoteAddress?: string }).remoteAddress, headers)
  const row = site.upgrades.get(target.path) ?? site.upgrades.get('/')
  const call = { id, method: 'GET', path: target.path, route: row?.key ?? '', address: peer.address, principal: undefined, peer }
  const foreign = upgradeRefusal(req, site, peer)
  if (foreign) {
    const origin = headers.origin === undefined ? undefined : printable(headers.origin)
    site.log.warn('refused an upgrade from a browser page', { reason: foreign.message, origin, address: peer.address, requestId: id })
    return refused(foreign)
  }
  if (!row) return refused(new GatewayError('not_found', 'Not Found'))
  const proceed = (decision: Decision | undefined) => {
    if (socket.destroyed) return
    if (decision && 'deny' in decision) return refused(decision)
    if (row.owner.standing() !== 'up') return refused(unavailable())
    open(row, req, socket, head, { ...call, principal: decision }, site)
  }
  if (row.value.auth === 'handler') return proceed(undefined)
  const decision = site.access.decide({ call, peer, headers, bearer: bearerOf(headers.authorization) }, row.value.scope)
  if (isPromise(decision)) (decision as Promise<Decision>).then(proceed).catch(refused)
  else proceed(decision)
}

function open({ owner, value, key }: Row<Upgrade>, req: IncomingMessage, socket: Duplex, head: Buffer, call: UpgradeCall, site: Site) {
  const began = performance.now()
  const failed = (thrown: unknown) => {
    owner.fault(`upgrade ${key}`, thrown)
    socket.destroy()
  }
  socket.once('close', () => site.emit('disconnected', { call, durationMs: performance.now() - began }))
  try {
    const work = value.handler(req, socket, head, call)
    if (isPromise(work)) work.catch(failed)
  } catch (error) {
    return failed(error)
  }
  site.emit('connected', { call })
}

const isDenial = (refusal: unknown): refusal is Denial => typeof refusal === 'object' && refusal !== null && 'deny' in refusal

/** Answer on a bare socket, where there is no response object, and close it. */
export function refuse(socket: Duplex, refusal: unknown, common: readonly (readonly [name: string, value: string])[] = []) {
  if (!socket.writable) return
  const { status, body, headers } = isDenial(refusal) ? apiDenial(refusal) : apiError(refusal)
  const text = JSON.stringify(body)
  const lines = [
    ...common,
    ...Object.entries(headers),
    ...(status === 426
      ? [
          ['upgrade', 'websocket'],
          ['sec-websocket-version', '13'],
        ]
      : []),
    ['connection', 'close'],
    ['content-type', 'application/json; charset=utf-8'],
    ['content-length', Buffer.byteLength(text)],
  ]
  const block = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  endSocket(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${block}\r\n${text}`)
}

/** Close a socket, with some last words; what the client still sends is thrown away until it had time to read them. */
export function endSocket(socket: Duplex, text?: string) {
  if (socket.writable) socket.end(text)
  socket.resume()
  setTimeout(() => socket.destroy(), flushMs).unref()
}
