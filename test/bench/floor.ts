/**
 * The floor: a bare server that does the least of the gateway's job. One credential, one model list, chat passed on to
 * one upstream, a socket that answers. No limits, no checks, no hooks: what every ratio is measured against.
 * Arguments: port, token, origin of the upstream.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import { WebSocketServer } from 'ws'
import { benchEvent, filled, healthBytes, helloBytes, modelIds, publishedPayload, publishMethod } from './scene.js'

const [, , port, token, origin] = process.argv as [string, string, string, string, string]
const digest = (text: string) => createHash('sha256').update(text).digest()
const expected = digest(`Bearer ${token}`)
const admits = (authorization = '') => timingSafeEqual(digest(authorization), expected)

const data = modelIds.map((id) => ({ id: `bench/${id}`, object: 'model', created: 0, owned_by: 'bench' }))
const list = JSON.stringify({ object: 'list', data })
const unauthorized = JSON.stringify({ error: { message: 'Unauthorized', type: 'unauthorized', param: null, code: 'invalid_api_key' } })
const upstream = new Pool(origin)

function reply(res: ServerResponse, status: number, body: string) {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

const readBody = (req: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => resolve(Buffer.concat(chunks).toString()))
  })

async function chat(req: IncomingMessage, res: ServerResponse) {
  const request = JSON.parse(await readBody(req)) as { model: string; stream?: boolean }
  const { model } = request
  request.model = modelIds[0] as string
  const answer = await upstream.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: 'Bearer upstream' },
    body: JSON.stringify(request),
  })
  if (!request.stream)
    return reply(res, 200, JSON.stringify(Object.assign((await answer.body.json()) as object, { id: randomUUID(), model })))
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  answer.body.pipe(res)
}

const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (req, res) => {
  if (!admits(req.headers.authorization)) return reply(res, 401, unauthorized)
  if (req.url === '/v1/models') return reply(res, 200, list)
  if (req.url === '/v1/chat/completions') return void chat(req, res).catch(() => res.destroy())
  reply(res, 404, '{}')
})

const sockets = new WebSocketServer({ noServer: true })
const hello = JSON.stringify(filled(helloBytes))
const health = JSON.stringify(filled(healthBytes))
let published = 0

const answer = (id: string, payload: string) => `{"type":"res","id":${JSON.stringify(id)},"ok":true,"payload":${payload}}`

/** What everybody hears is made once. */
function publish() {
  const frame = Buffer.from(JSON.stringify({ type: 'event', event: benchEvent, payload: publishedPayload, seq: ++published }))
  for (const client of sockets.clients) client.send(frame, { binary: false })
}

server.on('upgrade', (req, socket, head) => sockets.handleUpgrade(req, socket, head, (client) => sockets.emit('connection', client)))
/** The first request proves the token, later ones are answered. */
sockets.on('connection', (client) => {
  let open = false
  client.on('message', (message) => {
    const { id, method, params } = JSON.parse(String(message)) as { id: string; method: string; params?: { auth?: { token?: string } } }
    if (open) {
      if (method === publishMethod) publish()
      return client.send(answer(id, method === 'last-heartbeat' ? 'null' : health))
    }
    open = admits(`Bearer ${params?.auth?.token}`)
    if (open) return client.send(answer(id, hello))
    client.send(JSON.stringify({ type: 'res', id, ok: false, error: { code: 'INVALID_REQUEST', message: 'unauthorized' } }))
    client.close(1008, 'unauthorized')
  })
  client.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: randomUUID(), ts: Date.now() } }))
})

server.listen(Number(port), '127.0.0.1')
// An exit of its own lets the profiler write.
process.once('SIGTERM', () => process.exit())
