import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createPlainServer, type Server as PlainServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Log } from 'openclaw/plugin'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { EgressRequest } from '../../../plugins/contracts/egress.js'
import { createEgress, type EgressOptions } from '../../../plugins/egress/egress.js'
import type { Network } from '../../../plugins/egress/network.js'

/** Of the loopback addresses this one is public in these tests, and all the others are what the product takes them for. */
export const publicAddress = '127.0.0.1'

/** A network in which names lead where a test says. */
export const networkOf = (names: Readonly<Record<string, readonly string[]>>, more: Partial<Network> = {}): Network => ({
  resolve: async (name) => names[name] ?? Promise.reject(Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' })),
  isPublic: (address) => address === publicAddress,
  ...more,
})

export interface LogLine {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A client, what it logged, and a fetch that needs no cancellation. */
export function bootEgress(options: Partial<EgressOptions> = {}) {
  const lines: LogLine[] = []
  const write = (message: string, fields = {}) => void lines.push({ message, fields })
  const log: Log = { trace: write, debug: write, info: write, warn: write, error: write, fatal: write }
  const limits = { connectMs: 5_000, firstByteMs: 15_000, maxConcurrent: 32, maxQueued: 128 }
  const egress = createEgress({ allowed: new Set(), log, ...limits, network: networkOf({}), ...options })
  const fetch = (url: string, more: Partial<EgressRequest> = {}) => egress.fetch({ url, ...more }, new Canceller())
  return { egress, fetch, lines }
}

const opened = new Set<Server | PlainServer>()
const sockets = new Set<Socket>()
after(() => {
  for (const server of opened) server.close()
  for (const socket of sockets) socket.destroy()
})

async function listen<S extends Server | PlainServer>(server: S, host: string, port = 0): Promise<number> {
  opened.add(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return (server.address() as AddressInfo).port
}

export interface Arrival {
  /** The address that was connected to. */
  readonly at: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/** An HTTP server on every IPv4 address of this machine, that is 127.0.0.2 and the like too. */
export async function serve(
  handler: RequestListener,
  { tls, host = '0.0.0.0' }: { tls?: { key: string; cert: string }; host?: string } = {},
) {
  const arrivals: Arrival[] = []
  /** Addresses that were connected to, with or without a request. */
  const connections: string[] = []
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    arrivals.push({ at: String(req.socket.localAddress), url: String(req.url), headers: req.headers })
    handler(req, res)
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  server.on('connection', (socket: Socket) => connections.push(String(socket.localAddress)))
  const port = await listen(server, host)
  return { port, arrivals, connections }
}

/** A server that does with its connections what the test does. */
export async function serveSockets(handler: (socket: Socket) => void) {
  return listen(createPlainServer(handler), '0.0.0.0')
}

/** Where sockets of this process tried to connect to, from now to `end`. */
export function recordAttempts() {
  const attempts: string[] = []
  const watch = (message: unknown) =>
    void (message as { socket: Socket }).socket.on('connectionAttempt', (address: string) => attempts.push(address))
  subscribe('net.client.socket', watch)
  return { attempts, end: () => unsubscribe('net.client.socket', watch) }
}

/** A key and a certificate of its own for some names. */
export function certificate(...names: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`]
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** When a connection is gone, in whatever way. */
export const closing = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

const network = networkOf({ 'a.test': [publicAddress] })

/** Asks a server that answers with `handler`. */
export async function asking(handler: RequestListener, more: Parameters<typeof bootEgress>[0] = {}) {
  const { port } = await serve(handler)
  const { fetch, egress, lines } = bootEgress({ network, ...more })
  const url = `http://a.test:${port}/`
  return { url, egress, lines, fetch: (change: Parameters<typeof fetch>[1] = {}) => fetch(url, change) }
}

/** Writes for as long as somebody reads. */
export const endless =
  (chunk: Buffer, headers: Record<string, string> = {}): RequestListener =>
  (_req, res) => {
    res.writeHead(200, headers)
    const write = () => {
      while (!res.destroyed && res.write(chunk)) continue
      if (!res.destroyed) res.once('drain', write)
    }
    write()
  }
