import { WholeCodePoints } from '../contracts/code-points.js'
import { type EventWriter, eventHead } from './event-writer.js'
import type { OutputItem, Place, Status } from './output-item.js'

/** What the model thinks before it answers, as a summary: the form that clients show. */
export class ReasoningItem implements OutputItem {
  readonly kind = 'reasoning'
  readonly index: number
  readonly #id: string
  readonly #writer: EventWriter
  /** Item and indexes, as JSON fields. */
  readonly #at: string
  readonly #deltas: string
  readonly #whole = new WholeCodePoints()
  #text = ''

  constructor({ id, index }: Place, writer: EventWriter) {
    this.#id = id
    this.index = index
    this.#writer = writer
    this.#at = `"item_id":"${id}","output_index":${index},"summary_index":0`
    this.#deltas = eventHead('response.reasoning_summary_text.delta', this.#at)
  }

  begin(): string {
    return (
      this.#writer.event('response.output_item.added', `"output_index":${this.index},"item":${this.#json('in_progress', '')}`) +
      this.#writer.event('response.reasoning_summary_part.added', `${this.#at},"part":{"type":"summary_text","text":""}`)
    )
  }

  push(text: string): string {
    return this.#append(this.#whole.push(text))
  }

  #append(text: string): string {
    if (text === '') return ''
    this.#text += text
    return this.#writer.delta(this.#deltas, text)
  }

  end(status: Status) {
    const rest = this.#append(this.#whole.end())
    const text = JSON.stringify(this.#text)
    const part = `{"type":"summary_text","text":${text}}`
    const json = this.#json(status, part)
    const frames =
      rest +
      this.#writer.event('response.reasoning_summary_text.done', `${this.#at},"text":${text}`) +
      this.#writer.event('response.reasoning_summary_part.done', `${this.#at},"part":${part}`) +
      this.#writer.event('response.output_item.done', `"output_index":${this.index},"item":${json}`)
    return { frames, json }
  }

  #json(status: Status | 'in_progress', summary: string): string {
    return `{"id":"${this.#id}","type":"reasoning","status":"${status}","summary":[${summary}],"encrypted_content":null}`
  }
}
