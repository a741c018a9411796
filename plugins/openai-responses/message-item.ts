import { WholeCodePoints } from '../contracts/code-points.js'
import { isObject } from '../contracts/fields.js'
import { type EventWriter, eventHead } from './event-writer.js'
import type { OutputItem, Place, Status } from './output-item.js'

/** Text of the model, and its refusals: each a part of its own. */
export class MessageItem implements OutputItem {
  readonly kind = 'message'
  readonly index: number
  readonly #id: string
  readonly #writer: EventWriter
  /** Parts that are done, as JSON. */
  readonly #done: string[] = []
  #part: TextPart | undefined

  constructor({ id, index }: Place, writer: EventWriter) {
    this.#id = id
    this.index = index
    this.#writer = writer
  }

  begin(): string {
    return this.#writer.event('response.output_item.added', `"output_index":${this.index},"item":${this.#json('in_progress')}`)
  }

  push(type: TextPart['type'], text: string, logprobs?: unknown): string {
    let frames = ''
    if (this.#part?.type !== type) {
      frames = this.#endPart()
      const at = `"item_id":"${this.#id}","output_index":${this.index},"content_index":${this.#done.length}`
      this.#part = new TextPart(type, at, this.#writer)
      frames += this.#part.begin()
    }
    return frames + (this.#part as TextPart).push(text, logprobs)
  }

  #endPart(): string {
    if (!this.#part) return ''
    const { frames, json } = this.#part.end()
    this.#part = undefined
    this.#done.push(json)
    return frames
  }

  end(status: Status) {
    const frames = this.#endPart()
    const json = this.#json(status)
    return { frames: frames + this.#writer.event('response.output_item.done', `"output_index":${this.index},"item":${json}`), json }
  }

  #json(status: Status | 'in_progress'): string {
    return `{"id":"${this.#id}","type":"message","status":"${status}","role":"assistant","content":[${this.#done.join(',')}]}`
  }
}

class TextPart {
  readonly type: 'output_text' | 'refusal'
  /** Item and indexes, as JSON fields. */
  readonly #at: string
  readonly #writer: EventWriter
  readonly #deltas: string
  readonly #whole = new WholeCodePoints()
  #text = ''
  #tokens: unknown[] | undefined

  constructor(type: TextPart['type'], at: string, writer: EventWriter) {
    this.type = type
    this.#at = at
    this.#writer = writer
    this.#deltas = eventHead(`response.${type}.delta`, at)
  }

  begin(): string {
    return this.#writer.event('response.content_part.added', `${this.#at},"part":${this.#json()}`)
  }

  push(text: string, logprobs: unknown): string {
    return this.#append(this.#whole.push(text), tokensOf(logprobs))
  }

  #append(text: string, tokens: unknown[] | undefined): string {
    if (tokens) (this.#tokens ??= []).push(...tokens)
    if (text === '' && !tokens) return ''
    this.#text += text
    if (this.type === 'refusal') return this.#writer.delta(this.#deltas, text)
    return this.#writer.delta(this.#deltas, text, tokens ? `,"logprobs":${JSON.stringify(tokens)}` : ',"logprobs":[]')
  }

  end() {
    const rest = this.#append(this.#whole.end(), undefined)
    const json = this.#json()
    const text = JSON.stringify(this.#text)
    const fields = this.type === 'refusal' ? `"refusal":${text}` : `"text":${text},"logprobs":${JSON.stringify(this.#tokens ?? [])}`
    const frames =
      rest +
      this.#writer.event(`response.${this.type}.done`, `${this.#at},${fields}`) +
      this.#writer.event('response.content_part.done', `${this.#at},"part":${json}`)
    return { frames, json }
  }

  #json(): string {
    if (this.type === 'refusal') return `{"type":"refusal","refusal":${JSON.stringify(this.#text)}}`
    const text = JSON.stringify(this.#text)
    return `{"type":"output_text","text":${text},"annotations":[],"logprobs":${JSON.stringify(this.#tokens ?? [])}}`
  }
}

/** Log probabilities as chat providers send them: those of text are in `content`. */
function tokensOf(logprobs: unknown): unknown[] | undefined {
  const tokens = isObject(logprobs) ? logprobs['content'] : undefined
  return Array.isArray(tokens) && tokens.length > 0 ? tokens : undefined
}
