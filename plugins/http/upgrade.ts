import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { bearerOf, type Decision, GatewayError, isPromise, type Kernel, type Row } from 'openclaw/plugin'
import type { Upgrade } from '../contracts/http.js'
import { checkRequest, idOf } from './dispatch.js'
import { foreignOrigin } from './origin.js'
import { apiError, denialError } from './reply.js'
import { checkUpgrade, originAllowed } from './rules.js'
import type { Site } from './site.js'

const flushMs = 500

/** The one way in for WebSockets: grammar, origin, row, credential; then the socket is the handler's. */
export function upgrade(
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  site: Site,
  kernel: Pick<Kernel, 'emit' | 'log'>,
  closing: boolean,
) {
  socket.on('error', () => socket.destroy())
  const target = checkUpgrade(req, head) ?? checkRequest(req, site)
  if (target instanceof GatewayError) return refuse(socket, target)
  if (closing) return refuse(socket, new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 }))
  const { headers } = req
  const peer = site.proxies.peer((socket as Duplex & { remoteAddress?: string }).remoteAddress, headers)
  const row = site.upgrades.get(target.path) ?? site.upgrades.get('/')
  const call = { id: idOf(req), method: 'GET', path: target.path, route: row?.key ?? '', address: peer.address, principal: undefined }
  if (!originAllowed(headers.origin, headers.host as string, site.origins) || (site.access.mode === 'none' && peer.forwarded)) {
    kernel.log.warn('refused an upgrade from a foreign origin', { origin: headers.origin, address: peer.address })
    return refuse(socket, denialError(foreignOrigin))
  }
  if (!row) return refuse(socket, new GatewayError('not_found', 'Not Found'))
  const proceed = (decision: Decision | undefined) => {
    if (decision && 'deny' in decision) refuse(socket, denialError(decision))
    else open(row, req, socket, head, { ...call, principal: decision }, kernel)
  }
  if (row.value.auth === 'handler') return proceed(undefined)
  const decision = site.access.decide({ call, peer, headers, bearer: bearerOf(headers.authorization), scope: row.value.scope })
  if (isPromise(decision)) decision.then(proceed as never, (error) => refuse(socket, error))
  else proceed(decision as Decision)
}

function open(
  row: Row<Upgrade>,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  call: Parameters<Upgrade['handler']>[3],
  kernel: Pick<Kernel, 'emit'>,
) {
  const { owner, value, key } = row
  if (owner.standing() !== 'up')
    return refuse(
      socket,
      new GatewayError('plugin_unavailable', 'This part of the gateway is not available right now.', { retryAfterS: 5 }),
    )
  const began = performance.now()
  const failed = (thrown: unknown) => {
    owner.fault(`upgrade ${key}`, thrown)
    socket.destroy()
  }
  socket.once('close', () => kernel.emit('disconnected', { call, durationMs: performance.now() - began }))
  try {
    const work = value.handler(req, socket, head, call)
    if (isPromise(work)) work.catch(failed)
  } catch (error) {
    return failed(error)
  }
  kernel.emit('connected', { call })
}

const phrases: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/** Answer on a bare socket, where there is no response object, and close it. */
export function refuse(socket: Duplex, error: unknown) {
  if (!socket.writable) return void socket.destroy()
  const { status, body, headers } = apiError(error)
  const text = JSON.stringify(body)
  const extra = { ...headers, ...(status === 426 && { upgrade: 'websocket', 'sec-websocket-version': '13' }) }
  const lines = Object.entries({
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    ...extra,
    'content-length': Buffer.byteLength(text),
  })
  const block = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${phrases[status] ?? 'Error'}\r\n${block}\r\n${text}`)
  setTimeout(() => socket.destroy(), flushMs).unref()
}
