import type { AgentEvent } from '../contracts/runs.js'
import { isSilent, mayBeSilent } from './text.js'

const throttleMs = 150
/** Runs end by themselves; this is for those whose end was not heard. */
const maxStreams = 10_000

export interface ChatEvent {
  readonly runId: string
  /** Canonical. */
  readonly sessionKey: string
  /** Of the run's event that it comes from; 0 for what no run said. */
  readonly seq: number
  readonly state: 'delta' | 'final' | 'aborted' | 'error'
  readonly message?: object
  readonly errorMessage?: string
  readonly stopReason?: string
}

interface Stream {
  text: string
  /** Characters that clients have. */
  told: number
  toldAt: number
}

/** Turns the events of runs into those of chats: the whole reply so far, a few times a second, and how it ended. */
export class Streams {
  readonly #streams = new Map<string, Stream>()

  hear(event: AgentEvent, publish: (event: ChatEvent) => void) {
    if (event.stream === 'assistant') this.#say(event, String(event.data['text']), publish)
    else if (event.data['phase'] !== 'start') this.#end(event, publish)
  }

  #say({ runId, sessionKey, seq, ts }: AgentEvent, text: string, publish: (event: ChatEvent) => void) {
    let stream = this.#streams.get(runId)
    if (!stream) {
      this.#streams.set(runId, (stream = { text, told: 0, toldAt: 0 }))
      const [oldest] = this.#streams.keys()
      if (this.#streams.size > maxStreams && oldest !== undefined) this.#streams.delete(oldest)
    }
    stream.text = text
    if (ts - stream.toldAt < throttleMs || mayBeSilent(text)) return
    stream.told = text.length
    stream.toldAt = ts
    publish({ runId, sessionKey, seq, state: 'delta', message: messageOf(text, ts) })
  }

  #end({ runId, sessionKey, seq, ts, data }: AgentEvent, publish: (event: ChatEvent) => void) {
    const { text, told } = this.#streams.get(runId) ?? { text: '', told: 0 }
    this.#streams.delete(runId)
    const message = text === '' || isSilent(text) ? undefined : messageOf(text, ts)
    const head = { runId, sessionKey, seq }
    if (data['phase'] === 'error') return publish({ ...head, state: 'error', errorMessage: String(data['error']) })
    const body = message && { message }
    if (data['aborted'] === true) return publish({ ...head, state: 'aborted', stopReason: String(data['stopReason']), ...body })
    if (message && told < text.length) publish({ ...head, state: 'delta', message })
    publish({ ...head, state: 'final', ...body })
  }
}

const messageOf = (text: string, timestamp: number) => ({ role: 'assistant', content: [{ type: 'text', text }], timestamp })
