import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import { Canceller } from '../contracts/cancellation.js'
import type { UpgradeCall } from '../contracts/http.js'
import type { Client } from '../contracts/methods.js'
import { errorFrame, eventFrame, type WireError } from './frames.js'
import type { Admitted } from './handshake.js'
import type { Inbox } from './inbox.js'
import type { ConnectParams } from './params-schema.js'
import type { TokenBucket } from './rates.js'

const open = 1
const reasonBytes = 120

/** One socket, from its upgrade to its end. It is someone's once `client` is set. */
export class Connection {
  readonly connId = randomUUID()
  /** Signed by the device; good for this connection only. */
  readonly nonce = randomUUID()
  readonly connectedAt = Date.now()
  readonly cancellation = new Canceller()
  client: Client | undefined
  params: ConnectParams | undefined
  proof: (Admitted & { readonly mode: string }) | undefined
  bucket: TokenBucket | undefined
  /** Calls that were not answered yet. */
  openCalls = 0
  /** Answers in a row that said `unauthorized role`. */
  wrongRole = 0
  #ending = false
  /** Quarters of a second left to say who it is. */
  ticksLeft: number
  /** Hands on its messages. */
  inbox: Inbox | undefined
  /** What came while the first message was looked at. */
  early: Buffer[] | undefined

  constructor(
    readonly socket: WebSocket,
    readonly headers: IncomingHttpHeaders,
    readonly call: UpgradeCall,
    ticks: number,
  ) {
    this.ticksLeft = ticks
  }

  get isOpen(): boolean {
    return this.socket.readyState === open
  }

  /** A peer that was told to go may take seconds to do so; what it still says does not count. */
  get isHeard(): boolean {
    return this.isOpen && !this.#ending
  }

  challenge() {
    this.send(eventFrame('connect.challenge', { nonce: this.nonce, ts: Date.now() }))
  }

  send(frame: string) {
    if (this.isOpen) this.socket.send(frame)
  }

  /** An event, encoded once for everybody. False: this client reads too slowly and must go. */
  sendEvent(frame: Buffer, droppable: boolean, softBytes: number, hardBytes: number): boolean {
    if (!this.isOpen) return true
    const { socket } = this
    const unsent = socket.bufferedAmount
    if (unsent > hardBytes) return droppable
    if (!droppable || unsent <= softBytes) socket.send(frame, { binary: false })
    return true
  }

  /** Read nothing, until it is released. */
  hold() {
    this.socket.pause()
  }

  release() {
    this.socket.resume()
  }

  close(code: number, reason = '') {
    this.socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, reasonBytes)
        .toString('utf8')
        .replace(/\ufffd$/, ''),
    )
  }

  /** Hear no more from now on, but send the answers that are due: who ends its own grant learns that it did. */
  end(code: number, reason: string) {
    this.#ending = true
    setImmediate(() => this.close(code, reason))
  }

  /** Answer the `connect` and end. */
  reject(id: string, error: WireError, closeCode: number) {
    this.send(errorFrame(id, error))
    this.close(closeCode, error.message)
  }
}
