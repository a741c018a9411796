import assert from 'node:assert/strict'
import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** What a client sent in `connect`, checked. */
export interface Greeting {
  readonly client: { readonly id: string; readonly mode: string; readonly platform: string; readonly version: string }
  readonly scopes: readonly string[]
  readonly auth?: { readonly token?: string; readonly password?: string; readonly deviceToken?: string }
  readonly device?: { readonly id: string }
}
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly details?: unknown
  readonly closeCode?: number
}

export interface FakeOptions {
  /** Decides about a `connect`: an error, or members of `hello-ok`. */
  greet?: (greeting: Greeting) => Refusal | { readonly auth?: unknown } | undefined
  /** Answers a request: with a payload, several frames by `send`, or nothing. */
  answer?: (request: { method: string; params: any; id: string }, send: (frame: unknown) => void, socket: WebSocket) => unknown
  /** Sends no challenge. */
  mute?: boolean
}

/** A server that takes the protocol literally: one wrong member and the test hears of it in `violations`. */
export interface FakeGateway {
  readonly url: string
  readonly port: number
  readonly greetings: Greeting[]
  readonly requests: { readonly method: string; readonly params: any }[]
  readonly violations: string[]
  /** How connections were closed. */
  readonly closes: number[]
  options: FakeOptions
  close(): Promise<void>
}

export async function startFakeGateway(options: FakeOptions = {}, port = 0): Promise<FakeGateway> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  const fake: FakeGateway = {
    url: `ws://127.0.0.1:${bound}`,
    port: bound,
    greetings: [],
    requests: [],
    violations: [],
    closes: [],
    options,
    async close() {
      for (const socket of server.clients) socket.close(1012, 'service restart')
      await new Promise((resolve) => server.close(resolve))
    },
  }
  server.on('connection', (socket) => attend(fake, socket))
  return fake
}

/** An answer that a test sends itself, or never. */
export const silence = Symbol('silence')

function attend(fake: FakeGateway, socket: WebSocket) {
  const nonce = randomUUID()
  const send = (frame: unknown) => socket.send(JSON.stringify(frame))
  let greeted = false
  if (!fake.options.mute) send({ type: 'event', event: 'connect.challenge', payload: { nonce, ts: Date.now() } })
  socket.on('close', (code) => fake.closes.push(code))
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data))
    try {
      assert.deepEqual(Object.keys(frame).sort(), ['id', 'method', 'params', 'type'])
      if (greeted) return respond(fake, frame, send, socket)
      greeted = true
      checkGreeting(frame, nonce)
    } catch (error) {
      fake.violations.push((error as Error).message)
    }
    fake.greetings.push(frame.params)
    const verdict = fake.options.greet?.(frame.params)
    if (verdict && 'message' in verdict) {
      const { closeCode = 1008, ...error } = verdict
      send({ type: 'res', id: frame.id, ok: false, error })
      return socket.close(closeCode, verdict.message.slice(0, 120))
    }
    const snapshot = { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 1 }
    const policy = { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 }
    const server = { version: '9.9.9', connId: randomUUID() }
    send({
      type: 'res',
      id: frame.id,
      ok: true,
      payload: { type: 'hello-ok', protocol: 3, server, features: {}, snapshot, policy, ...verdict },
    })
  })
}

function respond(fake: FakeGateway, frame: any, send: (frame: unknown) => void, socket: WebSocket) {
  const { method, params, id } = frame
  fake.requests.push({ method, params })
  const payload = fake.options.answer?.({ method, params, id }, send, socket)
  if (payload === silence) return
  if (payload === undefined)
    return send({ type: 'res', id, ok: false, error: { code: 'INVALID_REQUEST', message: `unknown method: ${method}` } })
  send({ type: 'res', id, ok: true, payload })
}

const allowed: Readonly<Record<string, readonly string[]>> = {
  params: ['minProtocol', 'maxProtocol', 'client', 'caps', 'role', 'scopes', 'auth', 'device', 'locale', 'userAgent'],
  client: ['id', 'displayName', 'version', 'platform', 'deviceFamily', 'modelIdentifier', 'mode', 'instanceId'],
  auth: ['token', 'bootstrapToken', 'deviceToken', 'password'],
  device: ['id', 'publicKey', 'signature', 'signedAt', 'nonce'],
}

function checkGreeting({ method, params }: any, nonce: string) {
  assert.equal(method, 'connect')
  const parts: [string, any][] = [
    ['params', params],
    ...(['client', 'auth', 'device'] as const).map((name): [string, any] => [name, params[name]]),
  ]
  for (const [name, value] of parts)
    for (const [key, member] of Object.entries(value ?? {})) {
      assert.ok(allowed[name]?.includes(key), `${name}.${key}`)
      assert.notEqual(member, null, `${name}.${key}`)
    }
  const { client, auth = {}, device, role, scopes, minProtocol, maxProtocol } = params
  assert.ok(minProtocol <= 3 && maxProtocol >= 3)
  assert.ok(['cli', 'gateway-client'].includes(client.id) && ['cli', 'probe', 'backend'].includes(client.mode))
  assert.deepEqual(Object.keys(device).sort(), [...(allowed['device'] ?? [])].sort())
  const raw = Buffer.from(device.publicKey, 'base64url')
  assert.equal(raw.length, 32)
  assert.equal(createHash('sha256').update(raw).digest('hex'), device.id)
  assert.equal(device.nonce, nonce)
  assert.ok(Math.abs(Date.now() - device.signedAt) < 120_000)
  const token = auth.token ?? auth.deviceToken ?? auth.bootstrapToken ?? ''
  const head = ['v3', device.id, client.id, client.mode, role, scopes.join(','), device.signedAt, token, nonce]
  const payload = [...head, client.platform.toLowerCase(), (client.deviceFamily ?? '').toLowerCase()].join('|')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: device.publicKey }, format: 'jwk' })
  assert.ok(verify(null, Buffer.from(payload), key, Buffer.from(device.signature, 'base64url')), 'device signature invalid')
}
