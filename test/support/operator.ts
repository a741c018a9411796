import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { WebSocket } from 'ws'

/** An Ed25519 identity, as a client keeps it. */
export interface Device {
  readonly id: string
  readonly publicKey: string
  readonly privateKey: KeyObject
}

export function createDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url')
  return { id: createHash('sha256').update(raw).digest('hex'), publicKey: raw.toString('base64url'), privateKey }
}

export const allScopes = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']

export interface Response {
  readonly type: 'res'
  readonly id: string
  readonly ok: boolean
  readonly payload?: any
  readonly error?: { code: string; message: string; details?: any; retryable?: boolean; retryAfterMs?: number }
}
export interface Event {
  readonly type: 'event'
  readonly event: string
  readonly payload?: any
  readonly seq?: number
  readonly stateVersion?: { presence: number; health: number }
}

export interface ConnectOptions {
  readonly token?: string
  readonly device?: Device | undefined
  readonly headers?: Record<string, string>
  /** Over what would be sent otherwise; `undefined` takes a member away. */
  readonly params?: Record<string, unknown>
  readonly client?: Record<string, unknown>
  readonly scopes?: readonly string[]
  readonly role?: string
  readonly auth?: Record<string, unknown>
  readonly version?: 'v2' | 'v3'
  /** Changes what is signed, or the device object that is sent. */
  readonly sign?: (payload: string) => string
  readonly deviceFields?: Record<string, unknown>
}

const defined = (value: Record<string, unknown>) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

/** The params of a `connect`, signed for this challenge. */
export function connectParams(nonce: string, options: ConnectOptions = {}): Record<string, unknown> {
  const { device, token, role = 'operator', scopes = allScopes, version = 'v3' } = options
  const client = defined({ id: 'gateway-client', version: '1.0.0', platform: 'linux', mode: 'test', ...options.client })
  const auth = options.auth ?? (token === undefined ? undefined : { token })
  const signedAt = Date.now()
  const proof = auth?.['token'] ?? auth?.['deviceToken'] ?? auth?.['bootstrapToken'] ?? ''
  const common = [device?.id, client['id'], client['mode'], role, scopes.join(','), signedAt, proof, nonce].join('|')
  const lower = (value: unknown) =>
    String(value ?? '')
      .trim()
      .toLowerCase()
  const text = version === 'v2' ? `v2|${common}` : `v3|${common}|${lower(client['platform'])}|${lower(client['deviceFamily'])}`
  const payload = options.sign ? options.sign(text) : text
  const signed = device && {
    id: device.id,
    publicKey: device.publicKey,
    signature: sign(null, Buffer.from(payload), device.privateKey).toString('base64url'),
    signedAt,
    nonce,
    ...options.deviceFields,
  }
  return defined({ minProtocol: 3, maxProtocol: 3, client, caps: [], role, scopes, auth, device: signed, ...options.params })
}

/** A socket that keeps everything it hears, in order. */
export class Wire {
  readonly frames: (Response | Event)[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(readonly socket: WebSocket) {
    socket.on('error', () => undefined)
    socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)))
      for (const look of this.#waiting) look()
    })
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        this.#ended = true
        resolve({ code, reason: String(reason) })
        for (const look of this.#waiting) look()
      }),
    )
  }

  send(frame: unknown) {
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }

  /** The first frame from `from` on that matches; rejects when the socket closes before, or nothing comes in 20 s. */
  waitFor<T extends Response | Event>(matches: (frame: Response | Event) => boolean, what: string, from = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      let at = from
      const settle = (then: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        then()
      }
      const look = () => {
        for (; at < this.frames.length; at++) {
          const frame = this.frames[at] as Response | Event
          if (matches(frame)) return settle(() => resolve(frame as T))
        }
        if (this.#ended) settle(() => reject(new Error(`the socket closed before ${what} came`)))
      }
      const timer = setTimeout(() => settle(() => reject(new Error(`${what} never came`))), 20_000)
      this.#waiting.add(look)
      look()
    })
  }

  event(name: string, matches: (payload: any, event: Event) => boolean = () => true, from = 0): Promise<Event> {
    return this.waitFor((frame) => frame.type === 'event' && frame.event === name && matches(frame.payload, frame), `event ${name}`, from)
  }

  /** The answer to a request, whole. `final` skips an `accepted`. */
  async request(method: string, params?: unknown, { final = false, id = randomUUID() as string } = {}): Promise<Response> {
    const from = this.frames.length
    this.send({ type: 'req', id, method, ...(params !== undefined && { params }) })
    const isAnswer = (frame: Response | Event) =>
      frame.type === 'res' && frame.id === id && !(final && frame.ok && frame.payload?.status === 'accepted')
    return this.waitFor<Response>(isAnswer, `the answer to ${method}`, from)
  }

  /** The payload; throws the error's message. */
  async call(method: string, params?: unknown, options?: { final?: boolean; id?: string }): Promise<any> {
    const { ok, payload, error } = await this.request(method, params, options)
    if (!ok) throw new Error(`${error?.code}: ${error?.message}`)
    return payload
  }

  close() {
    this.socket.close()
    return this.closed
  }
}

/** Open a socket, and no more. Rejects with the status when the upgrade is refused. */
export function openWire(url: string, headers: Record<string, string> = {}): Promise<Wire> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, maxPayload: 26_214_400 })
  const wire = new Wire(socket)
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(wire))
    socket.once('unexpected-response', (_req, res) => reject(new Error(`refused with ${res.statusCode}`)))
    socket.once('error', reject)
  })
}

/** Open a socket and send `connect`: the socket and what it was answered. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<{ wire: Wire; answer: Response }> {
  const wire = await openWire(url, options.headers)
  const challenge = await wire.event('connect.challenge')
  const answer = await wire.request('connect', connectParams(challenge.payload.nonce, options))
  return { wire, answer }
}

/** A connected operator with every scope, on a device of its own unless one is given. */
export async function connectOperator(url: string, options: ConnectOptions = {}): Promise<Wire & { hello: any }> {
  const { wire, answer } = await connect(url, { device: createDevice(), ...options })
  if (!answer.ok) throw new Error(`connect failed: ${JSON.stringify(answer.error)}`)
  return Object.assign(wire, { hello: answer.payload })
}

/** Connect a device of its own where that is refused: the error, which is also the reason of the close. */
export async function refusalOf(url: string, options: ConnectOptions): Promise<NonNullable<Response['error']>> {
  const { wire, answer } = await connect(url, { device: createDevice(), ...options })
  const { code, reason } = await wire.closed
  assert.equal(code, 1008)
  assert.ok(answer.error?.message.startsWith(reason) && reason !== '')
  return answer.error as NonNullable<Response['error']>
}
