import type { ErrorBody } from '../contracts/http.js'
import type { Reply } from '../contracts/inference.js'
import type { ChatEvent } from '../contracts/models.js'
import { Draft, type ReplyOptions } from './draft.js'
import { EventWriter } from './event-writer.js'

/** Ends every stream, after an error too: hand-written clients wait for the mark. */
const done = 'data: [DONE]\n\n'

/** The answer as a stream of events. */
export class StreamReply implements Reply {
  readonly opening: string
  readonly #writer = new EventWriter(true)
  readonly #draft: Draft
  /** Events that are numbered, but wait for the response to be on disk. */
  #waiting = ''

  constructor(options: ReplyOptions) {
    this.#draft = new Draft(options, this.#writer)
    const response = `"response":${this.#draft.begun}`
    this.opening = this.#writer.event('response.created', response) + this.#writer.event('response.in_progress', response)
  }

  push(batch: readonly ChatEvent[]): string {
    return this.#draft.push(batch)
  }

  async end(): Promise<string> {
    const { frames, ending } = this.#draft.close()
    this.#waiting = frames
    const response = await this.#draft.finished(ending)
    return frames + this.#writer.event(ending.type, `"response":${response}`) + done
  }

  /** The error in both forms that clients know, then the response as far as it came. */
  fail({ error }: ErrorBody): string {
    const { code, message, type } = error
    const flat = { code, message, param: null, error: { type, code, message, param: null } }
    return (
      this.#waiting +
      this.#writer.event('error', JSON.stringify(flat).slice(1, -1)) +
      this.#writer.event('response.failed', `"response":${this.#draft.failed(code, message)}`) +
      done
    )
  }
}
