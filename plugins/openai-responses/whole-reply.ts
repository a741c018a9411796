import type { Reply } from '../contracts/inference.js'
import type { ChatEvent } from '../contracts/models.js'
import { Draft, type ReplyOptions } from './draft.js'
import { EventWriter } from './event-writer.js'

/** The answer as one object. */
export class WholeReply implements Reply {
  readonly opening = ''
  readonly #draft: Draft

  constructor(options: ReplyOptions) {
    this.#draft = new Draft(options, new EventWriter(false))
  }

  push(batch: readonly ChatEvent[]): string {
    this.#draft.push(batch)
    return ''
  }

  end(): Promise<string> {
    return this.#draft.finished(this.#draft.close().ending)
  }

  /** Nothing was sent: the error has its own status. */
  fail(): string {
    return ''
  }
}
