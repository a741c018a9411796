import { GatewayError } from 'openclaw/plugin'
import type { Frame, WireError } from './frames.js'

/** How long something may take, and how long its error says that it took. */
export interface Limit {
  readonly ms: number
  readonly toldMs: number
}

interface Entry {
  readonly expectFinal: boolean
  readonly timer: NodeJS.Timeout
  resolve(payload: unknown): void
  reject(error: unknown): void
}

const challengeKey = 'connect.challenge'

/** Who waits for which frame of a connection. Each has a limit; all end when the connection does. */
export class Waiting {
  readonly #entries = new Map<string, Entry>()
  readonly #detail: string
  #nonce: string | undefined
  #failure: GatewayError | undefined

  /** `detail`: lines that name the gateway in the error of a deadline. */
  constructor(detail: string) {
    this.#detail = detail
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** The payload of the response with this id. An answer that is only `accepted` does not count when the final one is wanted. */
  response(id: string, limit: Limit, expectFinal: boolean): Promise<any> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      const late = () => {
        this.#entries.delete(id)
        reject(new GatewayError('rpc_timeout', `gateway timeout after ${limit.toldMs}ms\n${this.#detail}`))
      }
      this.#entries.set(id, { expectFinal, resolve, reject, timer: setTimeout(late, limit.ms) })
    })
  }

  /** The nonce that the gateway sends first. */
  challenge(limit: Limit): Promise<string> {
    return this.#nonce === undefined ? this.response(challengeKey, limit, false) : Promise.resolve(this.#nonce)
  }

  hear(frame: Frame) {
    if (frame.type === 'event') {
      if (frame.event !== challengeKey || typeof frame.payload?.nonce !== 'string') return
      const nonce: string = frame.payload.nonce
      this.#nonce = nonce
      this.#take(challengeKey)?.resolve(nonce)
    } else if (!frame.ok) this.#take(frame.id)?.reject(answerError(frame.error as WireError))
    else if (!(this.#entries.get(frame.id)?.expectFinal && frame.payload?.status === 'accepted'))
      this.#take(frame.id)?.resolve(frame.payload)
  }

  /** The connection is over: nothing comes any more. */
  fail(error: GatewayError) {
    this.#failure = error
    for (const id of this.#entries.keys()) this.#take(id)?.reject(error)
  }

  #take(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    clearTimeout(entry?.timer)
    this.#entries.delete(id)
    return entry
  }
}

const answerError = (error: WireError) => new GatewayError('rpc_failed', error.message, { details: error })
