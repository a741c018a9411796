import { WholeCodePoints } from '../contracts/code-points.js'
import type { ReplyCall } from '../contracts/reply-calls.js'
import { type EventWriter, eventHead } from './event-writer.js'
import type { OutputItem, Place, Status } from './output-item.js'

/** A function call of the model. */
export class CallItem implements OutputItem {
  readonly index: number
  readonly #id: string
  readonly #call: ReplyCall
  readonly #writer: EventWriter
  /** Item and index, as JSON fields. */
  readonly #at: string
  readonly #deltas: string
  readonly #whole = new WholeCodePoints()
  #arguments = ''

  constructor({ id, index }: Place, call: ReplyCall, writer: EventWriter) {
    this.#id = id
    this.index = index
    this.#call = call
    this.#writer = writer
    this.#at = `"item_id":"${id}","output_index":${index}`
    this.#deltas = eventHead('response.function_call_arguments.delta', this.#at)
  }

  begin(): string {
    return this.#writer.event('response.output_item.added', `"output_index":${this.index},"item":${this.#json('in_progress')}`)
  }

  push(text: string): string {
    return this.#append(this.#whole.push(text))
  }

  #append(text: string): string {
    if (text === '') return ''
    this.#arguments += text
    return this.#writer.delta(this.#deltas, text)
  }

  end(status: Status) {
    let frames = this.#append(this.#whole.end())
    // A function without parameters: some models say nothing, and clients parse what they get.
    if (this.#arguments === '' && status === 'completed') frames += this.#append('{}')
    const json = this.#json(status)
    const fields = `"name":${JSON.stringify(this.#call.name)},"arguments":${JSON.stringify(this.#arguments)}`
    frames +=
      this.#writer.event('response.function_call_arguments.done', `${this.#at},${fields}`) +
      this.#writer.event('response.output_item.done', `"output_index":${this.index},"item":${json}`)
    return { frames, json }
  }

  #json(status: Status | 'in_progress'): string {
    const { id, name } = this.#call
    const called = `"call_id":"${id}","name":${JSON.stringify(name)},"arguments":${JSON.stringify(this.#arguments)}`
    return `{"id":"${this.#id}","type":"function_call","status":"${status}",${called}}`
  }
}
