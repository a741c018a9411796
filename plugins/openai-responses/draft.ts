import type { ChatEvent, FinishReason, Usage } from '../contracts/models.js'
import type { EventWriter } from './event-writer.js'
import { ResponseIds } from './ids.js'
import { type CallRules, Output } from './output.js'
import { ResponseObject, type ResponseState, usageJson } from './response-object.js'

/** What both forms of an answer are made of. */
export interface ReplyOptions {
  /** What the response's `model` says. */
  readonly model: string
  /** Keys of the response that do not change. */
  readonly echo: Readonly<Record<string, unknown>>
  readonly rules: CallRules
  /** Write the response down, so that it outlives a crash; false: it is not kept. Absent: it is not to be kept. */
  readonly keep?: (kept: { readonly id: string; readonly response: string; readonly output: string }) => Promise<boolean>
}

/** How a response ended. */
interface Ending {
  readonly type: 'response.completed' | 'response.incomplete'
  readonly state: ResponseState
}

/** One response while the model answers. */
export class Draft {
  readonly #object: ResponseObject
  readonly #output: Output
  readonly #keep: ReplyOptions['keep']
  #finish: FinishReason | undefined
  #usage: Usage | undefined

  constructor({ model, echo, rules, keep }: ReplyOptions, writer: EventWriter) {
    const ids = new ResponseIds()
    this.#object = new ResponseObject(ids.response, model, echo)
    this.#output = new Output(ids, writer, rules)
    this.#keep = keep
  }

  /** As it begins. */
  get begun(): string {
    return this.#object.json({ status: 'in_progress', output: '[]', store: this.#keep !== undefined })
  }

  /** Events for what the model said. Nothing but usage is taken after the finish. */
  push(batch: readonly ChatEvent[]): string {
    let frames = ''
    for (const event of batch) {
      if (event.type === 'usage') this.#usage = event.usage
      else if (this.#finish !== undefined) continue
      else if (event.type === 'finish') this.#finish = event.reason
      else frames += this.#output.push(event)
    }
    return frames
  }

  /** The last events of the items. Error: `upstream_error` and others where the answer is not complete. */
  close(): { readonly frames: string; readonly ending: Ending } {
    const reason = this.#output.reason(this.#finish)
    const frames = this.#output.end(reason === 'length' ? 'incomplete' : 'completed')
    const state = { output: this.#output.json, store: this.#keep !== undefined, usage: usageJson(this.#usage) }
    if (reason !== 'length' && reason !== 'content_filter')
      return { frames, ending: { type: 'response.completed', state: { ...state, status: 'completed' } } }
    const incomplete = `{"reason":"${reason === 'length' ? 'max_output_tokens' : reason}"}`
    return { frames, ending: { type: 'response.incomplete', state: { ...state, status: 'incomplete', incomplete } } }
  }

  /** The whole object at its end; on disk before, if it is to be kept. */
  async finished({ state }: Ending): Promise<string> {
    const response = this.#object.json(state)
    if (!this.#keep || (await this.#keep({ id: this.#object.id, response, output: state.output }))) return response
    return this.#object.json({ ...state, store: false })
  }

  /** The object of an answer that broke off. */
  failed(code: string, message: string): string {
    const error = JSON.stringify({ code, message })
    return this.#object.json({ status: 'failed', output: this.#output.json, store: false, error })
  }
}
