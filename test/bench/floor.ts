/**
 * The floor: a bare server that does the least of the gateway's job. One credential, one model list, chat passed on to
 * one upstream, a socket that answers. No limits, no checks, no hooks: what every ratio is measured against.
 * Arguments: port, token, origin of the upstream.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import { WebSocketServer } from 'ws'
import { modelIds } from './scene.js'

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
server.on('upgrade', (req, socket, head) => sockets.handleUpgrade(req, socket, head, (client) => sockets.emit('connection', client)))
/** The first request proves the token, later ones are answered. */
sockets.on('connection', (client) => {
  let open = false
  client.on('message', (message) => {
    const { id, params } = JSON.parse(String(message)) as { id: string; params?: { auth?: { token?: string } } }
    open ||= admits(`Bearer ${params?.auth?.token}`)
    if (open) client.send(JSON.stringify({ type: 'res', id, ok: true, payload: { status: 'ok' } }))
    else client.close(1008, 'unauthorized')
  })
})

server.listen(Number(port), '127.0.0.1')
// An exit of its own lets the profiler write.
process.once('SIGTERM', () => process.exit())
