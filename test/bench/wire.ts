import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

const [text, closing] = [1, 8]

/** A frame as clients send it: masked. Made once, it can be sent often. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125
  if (payload.length > 0xffff) throw new Error('The load generator sends no frames longer than 64 KiB.')
  const head = Buffer.alloc(long ? 4 : 2)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (long ? 126 : payload.length)
  if (long) head.writeUInt16BE(payload.length, 2)
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i & 3] as number))])
}

/** A request of the protocol as bytes. */
export const requestFrame = (method: string, params: unknown = {}): Buffer =>
  frameOf(text, Buffer.from(JSON.stringify({ type: 'req', id: '1', method, params })))

const normal = frameOf(closing, Buffer.from([0x03, 0xe8]))

/** Where the next frame of a server begins, and its payload; undefined: it is not whole yet. */
function readFrame(data: Buffer, at: number): { start: number; end: number } | undefined {
  if (data.length < at + 2) return undefined
  const short = (data[at + 1] as number) & 0x7f
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
  if (data.length < start) return undefined
  const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : data.readUIntBE(at + 4, 6)
  return data.length < start + length ? undefined : { start, end: start + length }
}

/**
 * A WebSocket client that does as little as it can, so that the server is what is measured: its messages are bytes that were made
 * before, and those of the server are not decoded.
 */
export class Wire {
  /** The close code of the server, 1006 without one. */
  readonly closed: Promise<number>
  #rest: Buffer | undefined
  #code = 1006
  #leaving = false

  constructor(
    readonly socket: Socket,
    public onText: (payload: Buffer) => void,
  ) {
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#code)))
  }

  send(frame: Buffer): boolean {
    return this.socket.write(frame)
  }

  /** Say goodbye, and wait until the server has ended the connection. */
  async close() {
    this.#leaving = true
    this.socket.write(normal)
    await this.closed
  }

  /** Take what came. `onText` hears every message in it. */
  read(chunk: Buffer) {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    for (let frame = readFrame(data, 0); frame; frame = readFrame(data, at)) {
      const payload = data.subarray(frame.start, frame.end)
      if (((data[at] as number) & 0x0f) === text) this.onText(payload)
      else this.#ended(payload)
      at = frame.end
    }
    this.#rest = at < data.length ? data.subarray(at) : undefined
  }

  #ended(payload: Buffer) {
    this.#code = payload.length < 2 ? 1005 : payload.readUInt16BE(0)
    if (this.#leaving) this.socket.end()
    else this.socket.end(normal)
  }
}

/** Open a socket. What the server says at once is heard by `onText`. */
export function openWire(origin: string, onText: Wire['onText']): Promise<Wire> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const failed = (why: string) => reject(new Error(`No WebSocket at ${origin}: ${why}`))
    socket.once('error', ({ message }) => failed(message))
    socket.once('close', () => failed('the server closed the connection'))
    socket.once('connect', () => {
      const key = randomBytes(16).toString('base64')
      socket.write(
        `GET / HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
          `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
      )
    })
    let head = Buffer.alloc(0)
    let wire: Wire | undefined
    socket.on('data', (chunk: Buffer) => {
      if (wire) return wire.read(chunk)
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      if (head.toString('latin1', 0, 13) !== 'HTTP/1.1 101 ') return failed(head.toString('latin1', 0, end))
      wire = new Wire(socket, onText)
      resolve(wire)
      wire.read(head.subarray(end + 4))
    })
  })
}
