import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { chatChunks, chatCompletion, embeddings, frame } from './upstream-answer.js'
import { type Reply, scripted, scriptedModels, type UpstreamRequest } from './upstream-script.js'
import { type VendorType, violationOf } from './vendor-schema.js'

export type { Reply, UpstreamRequest } from './upstream-script.js'

export interface UpstreamOptions {
  /** Key that requests must carry; others get 401. */
  key?: string
  /** Ids that `GET /v1/models` lists; read at each request. */
  models?: readonly (string | Record<string, unknown>)[]
  /** Decides before the model's script does. Also asked about `/v1/models` and `/v1/embeddings`. */
  respond?: (request: UpstreamRequest) => Reply | undefined | Promise<Reply | undefined>
  /** Check bodies against the vendor's types; default true. */
  strict?: boolean
  port?: number
}

/** A fake OpenAI-compatible server. */
export interface Upstream {
  /** Ends in `/v1`. */
  readonly baseUrl: string
  readonly port: number
  readonly requests: UpstreamRequest[]
  /** Bodies that do not fit the vendor's own types: a test asserts that there are none. */
  readonly violations: string[]
  /** When clients went away before their answer was complete, by `performance.now()`. */
  readonly closedAt: number[]
  /** TCP connections accepted so far, and open now. */
  readonly sockets: { accepted: number; open: number }
  options: UpstreamOptions
  close(): Promise<void>
}

/** Start it on a free port of the loopback address. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const open = new Set<Socket>()
  const server = createServer((req, res) => void handle(upstream, req, res).catch(() => res.destroy()))
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    open.add(socket)
    upstream.sockets.accepted++
    socket.once('close', () => open.delete(socket))
  })
  const upstream: Upstream = {
    baseUrl: '',
    port: 0,
    requests: [],
    violations: [],
    closedAt: [],
    sockets: {
      accepted: 0,
      get open() {
        return open.size
      },
    },
    options,
    async close() {
      server.close()
      for (const socket of open) socket.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(upstream, { port, baseUrl: `http://127.0.0.1:${port}/v1` })
}

async function handle(upstream: Upstream, req: IncomingMessage, res: ServerResponse) {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(piece)
  const text = Buffer.concat(pieces).toString('utf8')
  const request: UpstreamRequest = {
    method: req.method ?? '',
    path: req.url ?? '',
    headers: req.headers,
    body: text === '' ? undefined : JSON.parse(text),
    receivedAt: performance.now(),
    bytesWritten: 0,
  }
  upstream.requests.push(request)
  res.once('close', () => {
    if (res.writableFinished) return
    request.closedAt = performance.now()
    upstream.closedAt.push(request.closedAt)
  })
  const violation = upstream.options.strict === false ? undefined : violationIn(request)
  if (violation !== undefined) upstream.violations.push(violation)
  const reply =
    violation !== undefined
      ? refusal(400, violation, 'invalid_request')
      : ((await upstream.options.respond?.(request)) ?? decide(upstream.options, request))
  await answer(request, reply, res)
}

const pathOf = (request: UpstreamRequest) => request.path.split('?')[0]
const bodies: Record<string, VendorType> = { '/v1/chat/completions': 'chat', '/v1/embeddings': 'embedding' }

function violationIn(request: UpstreamRequest): string | undefined {
  const type = bodies[pathOf(request) ?? '']
  return type && request.method === 'POST' ? violationOf(type, request.body) : undefined
}

const refusal = (status: number, message: string, code?: string): Reply => ({
  status,
  error: { message, ...(code !== undefined && { code }) },
})

function decide(options: UpstreamOptions, request: UpstreamRequest): Reply {
  const path = pathOf(request)
  if (options.key !== undefined && request.headers['authorization'] !== `Bearer ${options.key}`)
    return refusal(401, `Incorrect API key provided: ${request.headers['authorization']}.`, 'invalid_api_key')
  if (request.method === 'GET' && path === '/v1/models') {
    const data = (options.models ?? scriptedModels).map((model) =>
      typeof model === 'string' ? { id: model, object: 'model', created: 1_700_000_000, owned_by: 'fake' } : model,
    )
    return { raw: JSON.stringify({ object: 'list', data }), contentType: 'application/json' }
  }
  if (request.method === 'POST' && path === '/v1/chat/completions') return scripted(request)
  if (request.method === 'POST' && path === '/v1/embeddings')
    return { raw: JSON.stringify(embeddings(request.body)), contentType: 'application/json' }
  return refusal(404, `Unknown request URL: ${request.method} ${path}`)
}

async function answer(request: UpstreamRequest, reply: Reply, res: ServerResponse) {
  if (reply.delayMs) await sleep(reply.delayMs)
  if (reply.hang === 'headers') return
  if (reply.resetAfter === 'request') return void (res.socket as Socket).resetAndDestroy()
  const status = reply.status ?? 200
  const send = (type: string, body: string) => {
    request.bytesWritten += Buffer.byteLength(body)
    res.writeHead(status, { 'content-type': type, ...reply.headers }).end(body)
  }
  if (status !== 200) {
    const error = { message: `Status ${status}`, type: 'invalid_request_error', param: null, code: null }
    return send('application/json', JSON.stringify({ error: { ...error, ...reply.error } }))
  }
  const streaming = request.body?.stream === true
  if (reply.raw !== undefined) {
    const type = reply.contentType ?? (streaming ? 'text/event-stream' : 'application/json')
    return reply.pieceBytes === undefined ? send(type, reply.raw) : sendPieces(type, reply.raw, reply.pieceBytes, res)
  }
  if (streaming) return stream(request, reply, res)
  if (reply.hang || reply.resetAfter !== undefined || reply.endless) {
    res.writeHead(200, { 'content-type': 'application/json', ...reply.headers }).write('{"choices":')
    if (typeof reply.resetAfter === 'number') setTimeout(() => res.destroy(), 20)
    return
  }
  send('application/json', JSON.stringify(chatCompletion(request.body, reply)))
}

async function sendPieces(type: string, raw: string, pieceBytes: number, res: ServerResponse) {
  const body = Buffer.from(raw)
  res.writeHead(200, { 'content-type': type })
  for (let at = 0; at < body.length; at += pieceBytes) {
    res.write(body.subarray(at, at + pieceBytes))
    await sleep(0)
  }
  res.end()
}

async function stream(request: UpstreamRequest, reply: Reply, res: ServerResponse) {
  res.writeHead(200, { 'content-type': reply.contentType ?? 'text/event-stream', ...reply.headers })
  let sent = 0
  for (const chunk of chatChunks(request.body, reply)) {
    if (sent === reply.resetAfter) return void res.destroy()
    if (res.destroyed || (sent > 0 && reply.hang)) return
    if (sent > 0 && reply.chunkDelayMs) await sleep(reply.chunkDelayMs)
    const text = frame(chunk)
    request.bytesWritten += text.length
    if (!res.write(text)) await drained(res)
    sent++
    // Lets each chunk out in a write of its own.
    if (sent < 100) await sleep(0)
  }
  if (reply.done !== false) res.write('data: [DONE]\n\n')
  res.end()
}

const drained = (res: ServerResponse) =>
  new Promise<void>((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.once('drain', done).once('close', done)
  })
