import { type Device, connectOperator, createDevice, type Wire } from './operator.js'

/** One turn as the client knows it. */
export interface Turn {
  readonly key: string
  readonly text: string
  /** The gateway said that it has it. */
  acknowledged: boolean
  /** The gateway said that the answer is complete. */
  final: boolean
}

/**
 * An operator that chats in a session of its own, one turn after the other, as a careful client does: what was not
 * acknowledged when the connection broke is sent again under the same key.
 */
export class Talker {
  readonly turns: Turn[] = []
  readonly failures: string[] = []
  readonly sessionKey: string
  readonly device: Device = createDevice()
  wire: (Wire & { hello: any }) | undefined
  #running = true

  constructor(
    readonly name: string,
    readonly gateway: { url: string; token: string },
    readonly says: (turn: number) => string = (turn) => `${name} says ${turn}`,
  ) {
    this.sessionKey = `agent:main:${name}`
  }

  get acknowledged(): number {
    return this.turns.filter((turn) => turn.acknowledged).length
  }

  async connect() {
    this.wire = await connectOperator(this.gateway.url, { token: this.gateway.token, device: this.device })
  }

  /** Talk until the connection breaks or `stop` was called; the turn under way is finished first. */
  async talk(): Promise<void> {
    while (this.#running) {
      const last = this.turns.at(-1)
      const turn = last && !last.acknowledged ? last : this.#next()
      try {
        await this.#say(turn)
      } catch {
        return
      }
    }
  }

  stop() {
    this.#running = false
  }

  #next(): Turn {
    const number = this.turns.length
    const turn = { key: `${this.name}-${number}`, text: this.says(number), acknowledged: false, final: false }
    this.turns.push(turn)
    return turn
  }

  async #say(turn: Turn) {
    const wire = this.wire as Wire
    const from = wire.frames.length
    const params = { sessionKey: this.sessionKey, message: turn.text, idempotencyKey: turn.key }
    const { ok, payload, error } = await wire.request('chat.send', params)
    // It was on disk before the gateway ended, and nobody heard: the key says so ever after.
    if (error?.message.startsWith('The gateway ended while')) return void (turn.acknowledged = true)
    if (!ok) {
      this.failures.push(`${turn.key}: ${error?.code} ${error?.message}`)
      throw new Error('refused')
    }
    turn.acknowledged = true
    // An answer that was given before the connection broke comes with the acknowledgement.
    if (payload.status === 'ok') return void (turn.final = true)
    const end = await wire.event('chat', ({ runId, state }) => runId === turn.key && state !== 'delta', from)
    if (end.payload.state === 'final') turn.final = true
    else this.failures.push(`${turn.key}: ended as ${end.payload.state} ${end.payload.errorMessage ?? ''}`)
  }
}
