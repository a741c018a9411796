import { GatewayError } from 'openclaw/plugin'
import { WholeCodePoints } from '../contracts/code-points.js'
import type { ErrorBody } from '../contracts/http.js'
import type { Reply } from '../contracts/inference.js'
import type { ChatEvent, ChatRequest, FinishReason, Usage } from '../contracts/models.js'
import { finishReason, type ReplyCall, ReplyCalls } from '../contracts/reply-calls.js'
import { type ReplyHead, usageOf } from './answer.js'

/** Ends every stream, after an error frame too: clients raise the error, and hand-written ones wait for the mark. */
const done = 'data: [DONE]\n\n'

/** Closes the delta and the frame. */
const tail = '},"logprobs":null,"finish_reason":null}]}\n\n'

/** Characters of tool calls that wait for the one before them. */
const maxHeldChars = 1_048_576

/**
 * The answer as frames of a chat stream. Frames are put together as text around the one value that changes: parsing and
 * printing whole objects would cost several times as much as the rest of a chunk's way through the gateway.
 */
export class StreamReply implements Reply {
  /** The first frame: some clients take the role from nowhere else. */
  readonly opening: string
  readonly #start: string
  readonly #delta: string
  readonly #request: ChatRequest
  readonly #includeUsage: boolean
  readonly #calls: ReplyCalls
  readonly #text = new WholeCodePoints()
  readonly #reasoning = new WholeCodePoints()
  readonly #refusal = new WholeCodePoints()
  readonly #arguments = new WholeCodePoints()
  #held = 0
  #finish: FinishReason | undefined
  #usage: Usage | undefined

  constructor({ id, created, model }: ReplyHead, request: ChatRequest, includeUsage: boolean) {
    const head = JSON.stringify({ id, object: 'chat.completion.chunk', created, model })
    this.#start = `data: ${head.slice(0, -1)},"choices":[`
    this.#delta = `${this.#start}{"index":0,"delta":{`
    this.opening = `${this.#delta}"role":"assistant","content":""${tail}`
    this.#request = request
    this.#includeUsage = includeUsage
    this.#calls = new ReplyCalls(request)
  }

  push(batch: readonly ChatEvent[]): string {
    let frames = ''
    for (const event of batch) {
      if (event.type === 'usage') this.#usage = event.usage
      else if (this.#finish !== undefined) continue
      else if (event.type === 'text') frames += this.#content(event.text, event.logprobs)
      else if (event.type === 'reasoning') frames += this.#piece('"reasoning_content":', this.#reasoning.push(event.text))
      else if (event.type === 'tool') frames += this.#tool(event)
      else if (event.type === 'refusal') frames += this.#piece('"refusal":', this.#refusal.push(event.text))
      else this.#finish = event.reason
    }
    return frames
  }

  #piece(key: string, text: string): string {
    return text === '' ? '' : `${this.#delta}${key}${JSON.stringify(text)}${tail}`
  }

  #content(raw: string, logprobs: unknown): string {
    const text = this.#text.push(raw)
    if (logprobs === undefined || logprobs === null) return this.#piece('"content":', text)
    return `${this.#delta}"content":${JSON.stringify(text)}},"logprobs":${JSON.stringify(logprobs)},"finish_reason":null}]}\n\n`
  }

  /** The first call streams; later ones wait for the end, as there are clients that follow only one call at a time. */
  #tool(event: Extract<ChatEvent, { type: 'tool' }>): string {
    const known = this.#calls.list.length
    const call = this.#calls.find(event)
    if (!call) return ''
    if (call.index === 0) {
      const opening = this.#calls.list.length > known ? this.#begin(call) : ''
      return opening + this.#append(call, this.#arguments.push(event.arguments))
    }
    this.#held += event.arguments.length
    if (this.#held > maxHeldChars) throw new GatewayError('upstream_bad_response', 'The parallel tool calls of the model are too long.')
    call.arguments += event.arguments
    return ''
  }

  #begin({ index, id, name }: ReplyCall): string {
    const call = { index, id, type: 'function', function: { name, arguments: '' } }
    return `${this.#delta}"tool_calls":[${JSON.stringify(call)}]${tail}`
  }

  #append({ index }: ReplyCall, text: string): string {
    if (text === '') return ''
    return `${this.#delta}"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(text)}}}]${tail}`
  }

  end(): string {
    const [first, ...waiting] = this.#calls.list
    const reason = finishReason(this.#finish, this.#calls.list, this.#request)
    const rest =
      this.#piece('"reasoning_content":', this.#reasoning.end()) +
      this.#piece('"content":', this.#text.end()) +
      this.#piece('"refusal":', this.#refusal.end()) +
      (first ? this.#append(first, this.#arguments.end()) : '')
    const calls = waiting.map((call) => this.#begin(call) + this.#append(call, call.arguments)).join('')
    const finish = `${this.#delta}},"logprobs":null,"finish_reason":"${reason}"}]}\n\n`
    return rest + calls + finish + this.#usageFrame() + done
  }

  fail(error: ErrorBody): string {
    return `data: ${JSON.stringify(error)}\n\n${done}`
  }

  #usageFrame(): string {
    if (!this.#includeUsage || !this.#usage) return ''
    return `${this.#start}],"usage":${JSON.stringify(usageOf(this.#usage))}}\n\n`
  }
}
