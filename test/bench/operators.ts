import { connectParams, createDevice, type Device } from '../support/operator.js'
import { openWire, requestFrame, type Wire } from './wire.js'

/** `{"type":"res"…` or `{"type":"event"…`: the letter after the quote tells which. */
const typeAt = '{"type":"'.length
const isAnswer = (payload: Buffer) => payload[typeAt] === 0x72

const devices: Device[] = []
/** The same device for the same number, as long as this process lives. */
export const deviceOf = (index: number): Device => (devices[index] ??= createDevice())

/** A connection that has said who it is. */
export class Operator {
  /** Hears events. */
  onEvent: (payload: Buffer) => void = () => undefined
  #settle: ((payload: Buffer) => void) | undefined

  constructor(
    readonly wire: Wire,
    readonly connId: string,
  ) {
    wire.onText = (payload) => (isAnswer(payload) ? this.#settle?.(payload) : this.onEvent(payload))
  }

  /** Hears the answer to every request, which has to be a good one. */
  hear(answered: () => void, failed: (error: Error) => void) {
    const gone = (code: number) => failed(new Error(`A connection ended with ${code}.`))
    this.#settle = (payload) =>
      payload.includes('"ok":true') ? answered() : failed(new Error(`A request was answered ${payload.toString('utf8', 0, 500)}`))
    void this.wire.closed.then(gone)
  }
}

/** Open a socket, and answer its challenge. Answers what the server said to that. */
async function introduce(origin: string, paramsOf: (nonce: string) => unknown): Promise<{ wire: Wire; answer: string }> {
  let hear: (payload: string) => void = () => undefined
  const next = () => new Promise<string>((resolve) => (hear = resolve))
  const challenged = next()
  const wire = await openWire(origin, (payload) => hear(String(payload)))
  const { nonce } = (JSON.parse(await challenged) as { payload: { nonce: string } }).payload
  const answered = next()
  wire.send(requestFrame('connect', paramsOf(nonce)))
  const gone = wire.closed.then((code) => Promise.reject(new Error(`The server closed a connection with ${code} before it answered.`)))
  return { wire, answer: await Promise.race([answered, gone]) }
}

/** A user interface, so that the gateway tells the others of its coming and going. */
const client = { id: 'gateway-client', mode: 'ui', platform: 'linux' }

/** A connected operator with every scope, on this device. */
export async function connectOperator(origin: string, token: string, device: Device): Promise<Operator> {
  const { wire, answer } = await introduce(origin, (nonce) => connectParams(nonce, { token, device, client }))
  const { ok, payload } = JSON.parse(answer) as { ok: boolean; payload: { server: { connId: string } } }
  if (!ok) throw new Error(`A connect was answered ${answer.slice(0, 500)}`)
  return new Operator(wire, payload.server.connId)
}

/** Somebody with another token, who is answered so and shown out. */
export async function beRefused(origin: string, token: string) {
  const { wire, answer } = await introduce(origin, (nonce) => connectParams(nonce, { token, client }))
  const code = await wire.closed
  if (code !== 1008 || !answer.includes('"ok":false'))
    throw new Error(`A stranger was answered ${answer.slice(0, 500)} and ended with ${code}.`)
}
