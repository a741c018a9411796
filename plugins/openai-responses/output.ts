import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, ChatRequest, FinishReason } from '../contracts/models.js'
import { finishReason, type ReplyCall, ReplyCalls } from '../contracts/reply-calls.js'
import { CallItem } from './call-item.js'
import type { EventWriter } from './event-writer.js'
import type { ResponseIds } from './ids.js'
import { MessageItem } from './message-item.js'
import type { OutputItem, Place, Status } from './output-item.js'
import { ReasoningItem } from './reasoning-item.js'

/** What the client asked of calls. */
export interface CallRules extends Pick<ChatRequest, 'toolChoice' | 'parallelToolCalls'> {
  /** The only tools that may be called, where `tool_choice` lists them. */
  readonly allowed?: ReadonlySet<string>
}

/** Characters that one answer may hold in memory, and those of calls that wait for the one before them. */
const maxChars = 16_777_216
const maxHeldChars = 1_048_576
/** Messages and pieces of reasoning: with the calls of a reply, less than there are ids. */
const maxTexts = 1_024

/** What a model says, as items of a response: reasoning, text and refusals in its order, function calls one after the other. */
export class Output {
  readonly #ids: ResponseIds
  readonly #writer: EventWriter
  readonly #rules: CallRules
  readonly #calls: ReplyCalls
  /** Items that are done, as JSON, by their index. */
  readonly #done: string[] = []
  #count = 0
  #open: MessageItem | ReasoningItem | undefined
  /** The first call streams; later ones wait for the end, as there are clients that follow only one call at a time. */
  #call: CallItem | undefined
  #chars = 0
  #held = 0

  constructor(ids: ResponseIds, writer: EventWriter, rules: CallRules) {
    this.#ids = ids
    this.#writer = writer
    this.#rules = rules
    this.#calls = new ReplyCalls(rules)
  }

  /** The items that are done, as a JSON array. */
  get json(): string {
    return `[${this.#done.filter(Boolean).join(',')}]`
  }

  /** Events for what the model said. Error: `upstream_bad_response`. */
  push(event: Exclude<ChatEvent, { type: 'usage' | 'finish' }>): string {
    if (event.type === 'tool') return this.#tool(event)
    this.#measure(event.text)
    if (event.type === 'reasoning') return this.#reasoning(event.text)
    const logprobs = event.type === 'text' ? event.logprobs : undefined
    // Nothing yet: a message that stays empty is none.
    if (event.text === '' && !logprobs) return ''
    const opening = this.#turnTo('message')
    return opening + (this.#open as MessageItem).push(event.type === 'text' ? 'output_text' : 'refusal', event.text, logprobs)
  }

  #reasoning(text: string): string {
    if (text === '') return ''
    const opening = this.#turnTo('reasoning')
    return opening + (this.#open as ReasoningItem).push(text)
  }

  #turnTo(kind: 'message' | 'reasoning'): string {
    if (this.#open?.kind === kind) return ''
    if (this.#count >= maxTexts) throw new GatewayError('upstream_bad_response', 'The answer of the model has too many parts.')
    const closing = this.#closeOpen('completed')
    this.#open = kind === 'message' ? new MessageItem(this.#place('msg'), this.#writer) : new ReasoningItem(this.#place('rs'), this.#writer)
    return closing + this.#open.begin()
  }

  #tool(event: Extract<ChatEvent, { type: 'tool' }>): string {
    const known = this.#calls.list.length
    const call = this.#calls.find(event)
    if (!call) return ''
    const begins = this.#calls.list.length > known
    const { allowed } = this.#rules
    if (begins && allowed && !allowed.has(call.name))
      throw new GatewayError('upstream_bad_response', 'The model called a tool that `tool_choice` does not allow.')
    this.#measure(event.arguments)
    if (call.index > 0) {
      this.#held += event.arguments.length
      if (this.#held > maxHeldChars) throw new GatewayError('upstream_bad_response', 'The parallel tool calls of the model are too long.')
      call.arguments += event.arguments
      return ''
    }
    const opening = begins ? this.#begin(call) : ''
    return opening + (this.#call as CallItem).push(event.arguments)
  }

  #begin(call: ReplyCall): string {
    const closing = this.#closeOpen('completed')
    this.#call = new CallItem(this.#place('fc'), call, this.#writer)
    return closing + this.#call.begin()
  }

  #place(prefix: 'msg' | 'fc' | 'rs'): Place {
    const index = this.#count++
    return { id: this.#ids.item(prefix, index), index }
  }

  #measure(text: string) {
    this.#chars += text.length
    if (this.#chars > maxChars) throw new GatewayError('upstream_bad_response', 'The answer of the model is too long.')
  }

  /** Why the answer ended, checked against what the client asked for. Errors: `upstream_error`, `upstream_bad_response`. */
  reason(finish: FinishReason | undefined): FinishReason {
    return finishReason(finish, this.#calls.list, this.#rules)
  }

  /** The last events. `status` is that of the last item; those before it are completed. */
  end(status: Status): string {
    const waiting = this.#calls.list.slice(1)
    const last = this.#count + waiting.length - 1
    const statusOf = (item: OutputItem) => (item.index === last ? status : 'completed')
    let frames = this.#open ? this.#closeOpen(statusOf(this.#open)) : ''
    if (this.#call) frames += this.#close(this.#call, statusOf(this.#call))
    for (const call of waiting) {
      frames += this.#begin(call) + (this.#call as CallItem).push(call.arguments)
      frames += this.#close(this.#call as CallItem, statusOf(this.#call as CallItem))
    }
    return frames
  }

  #closeOpen(status: Status): string {
    const item = this.#open
    this.#open = undefined
    return item ? this.#close(item, status) : ''
  }

  #close(item: OutputItem, status: Status): string {
    const { frames, json } = item.end(status)
    this.#done[item.index] = json
    return frames
  }
}
