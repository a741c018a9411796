import type { Socket } from 'node:net'
import { upgradeLines } from './gateway.js'
import { type ConnectOptions, connectParams } from './operator.js'
import { raw, rawConnect } from './raw.js'

export interface FrameOptions {
  /** 1 text, 2 binary, 0 continuation, 8 close, 9 ping, 10 pong. */
  readonly opcode?: number
  readonly fin?: boolean
  /** The length field says this, whatever follows. */
  readonly claimedBytes?: number
}

/** A client's frame as bytes. The mask is zero, so that the payload can be read in it. */
export function frameBytes(payload: string | Buffer, { opcode = 1, fin = true, claimedBytes }: FrameOptions = {}): Buffer {
  const body = Buffer.from(payload)
  const length = claimedBytes ?? body.length
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = (fin ? 0x80 : 0) | opcode
  if (length < 126) head[1] = 0x80 | length
  else if (length < 65_536) {
    head[1] = 0x80 | 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 0x80 | 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([head, Buffer.alloc(4), body])
}

const heardMore = (socket: Socket) =>
  new Promise<void>((resolve) => {
    const settle = () => {
      socket.off('data', settle).off('close', settle)
      resolve()
    }
    socket.on('data', settle).on('close', settle)
  })

/** A socket past its upgrade on which nobody answers pings, closes or anything else by itself. */
export async function rawUpgrade(url: string) {
  const connection = await rawConnect(url)
  await connection.send(raw(upgradeLines('/', new URL(url).host)))
  await connection.until(1)
  const text = () => connection.rest()
  const seen = async (what: string) => {
    const { socket } = connection
    while (!text().includes(what) && !connection.isClosed) await heardMore(socket)
    return text().includes(what)
  }
  return Object.assign(connection, {
    text,
    /** Waits until this text was received; false when the socket ends before. */
    seen,
    /** Code of the close frame, which the gateway sends last. */
    closeCode: () =>
      /\x88[\x02-\x7d]([^]{2})/
        .exec(text().slice(-130))?.[1]
        ?.split('')
        .reduce((code, char) => code * 256 + char.charCodeAt(0), 0),
    request: (id: string, method: string, params?: unknown) =>
      connection.send(frameBytes(JSON.stringify({ type: 'req', id, method, ...(params !== undefined && { params }) }))),
    /** Say who it is. True when it was let in. */
    async connect(options: ConnectOptions): Promise<boolean> {
      await seen('"nonce":"')
      const nonce = /"nonce":"([^"]+)"/.exec(text())?.[1] as string
      await this.request('connect', 'connect', connectParams(nonce, options))
      return seen('"hello-ok"')
    },
  })
}
