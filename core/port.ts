import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { GatewayError, messageOf } from './errors.js'
import type { Front } from './front.js'
import type { Log } from './log.js'
import type { Settings } from './settings.js'

/** A bound port: one HTTP server, fed by a listener for each address. */
export interface Port {
  readonly number: number
  readonly url: string
  readonly addresses: readonly string[]
  listening(): boolean
  /** Take no new connections; idle ones are closed, busy ones finish. */
  stop(): void
  /** End every connection that is left. */
  destroy(): void
}

const bindRetries = 4
const bindRetryMs = 500
/** Connections that may wait to be accepted; the system's own limit still counts. */
const backlog = 4_096
/** Bodies are timed by their readers; this is the parser's last resort. */
const requestTimeoutMs = 300_000

/** Bind every address of the settings on one port. An address after the first is an alias: its failure is a warning. */
async function openPort(settings: Settings, number: number, front: () => Front | undefined, log: Log): Promise<Port> {
  const { limits, tls, bind } = settings
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: limits.keepAliveMs,
    requireHostHeader: false,
    noDelay: true,
  }
  const secure = { ...options, ...tls, minVersion: 'TLSv1.3' as const }
  // Loading TLS builds the list of root certificates: only who serves TLS pays for it.
  const [https, tlsModule] = tls ? await Promise.all([import('node:https'), import('node:tls')]) : []
  const server = https?.createServer(secure) ?? createServer(options)
  // Lines over a limit must be refused by the front, not dropped by the parser.
  server.maxHeadersCount = 0
  const request = (req: IncomingMessage, res: ServerResponse) => {
    const answering = front()
    if (answering) answering.request(req, res)
    else res.writeHead(503, { 'retry-after': '5' }).end()
  }
  server.on('request', request).on('checkContinue', request).on('checkExpectation', request)
  server.on('upgrade', (req, socket, head) => {
    const answering = front()
    if (answering) answering.upgrade(req, socket, head)
    else socket.destroy()
  })
  const malformed = (socket: Duplex, status: number) => {
    const answering = front()
    if (answering && socket.writable) answering.malformed(socket, status)
    else socket.destroy()
  }
  server.on('connect', (_req, socket) => malformed(socket, 400))
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) =>
    malformed(socket, code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400),
  )
  const connection = tls ? 'secureConnection' : 'connection'
  const sockets = new Set<Socket>()
  server.on(connection, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  const listeners: Server[] = []
  let port = number
  for (const address of bind) {
    const alias = () => tlsModule?.createServer(secure) ?? createPlainServer({ allowHalfOpen: true, noDelay: true })
    const listener = listeners.length === 0 ? server : alias().on(connection, (socket) => server.emit(connection, socket))
    try {
      await listen(listener, address, port, listeners.length === 0 ? bindRetries : 0)
      port = (listener.address() as AddressInfo).port
      listeners.push(listener)
    } catch (error) {
      if (listeners.length === 0) throw error
      log.warn(`could not also listen on ${address}: ${messageOf(error)}`)
    }
  }
  const shown = (address: string) => `${address === '0.0.0.0' ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address}:${port}`
  const bound = bind.slice(0, listeners.length).map(shown)
  return {
    number: port,
    url: `${tls ? 'https' : 'http'}://${bound[0]}`,
    addresses: bound,
    listening: () => server.listening,
    stop() {
      for (const listener of listeners) listener.close()
      server.closeIdleConnections()
    },
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function listen(server: Server, host: string, port: number, retries: number): Promise<void> {
  const once = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, exclusive: true, backlog }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  for (let attempt = 0; ; attempt++) {
    try {
      return await once()
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (taken && attempt < retries) await new Promise((resolve) => setTimeout(resolve, bindRetryMs))
      else if (taken)
        throw new GatewayError('port_taken', `another gateway instance is already listening on ws://${host}:${port}`, { cause: error })
      else
        throw new GatewayError('bind_failed', `failed to bind gateway socket on ws://${host}:${port}: ${messageOf(error)}`, {
          cause: error,
        })
    }
  }
}

/** The ports of one gateway: the one that listens, and those that moved away while connections were still open. */
export function createPorts(front: () => Front | undefined, log: Log) {
  const all = new Set<Port>()
  const place = ({ port, bind, tls, limits: { headerBytes, headerTimeoutMs, keepAliveMs } }: Settings) =>
    JSON.stringify([port, bind, tls, headerBytes, headerTimeoutMs, keepAliveMs])
  const open = async (settings: Settings, number: number) => {
    const opened = await openPort(settings, number, front, log)
    all.add(opened)
    return opened
  }
  return {
    /** The port for these settings: the held one when nothing about it changes. On its own number it has to let go first. */
    async move(next: Settings, now?: { settings: Settings; port: Port }): Promise<Port> {
      if (now && place(now.settings) === place(next)) return now.port
      if (now?.settings.port !== next.port) return open(next, next.port)
      now.port.stop()
      return open(next, now.port.number)
    },
    /** Listen again as before, after a move that led nowhere. */
    restore: ({ settings, port }: { settings: Settings; port: Port }) => (port.listening() ? port : open(settings, port.number)),
    closeAll() {
      for (const port of all) {
        port.stop()
        port.destroy()
      }
    },
  }
}
