import { GatewayError } from 'openclaw/plugin'
import { isObject } from '../contracts/fields.js'
import type { Reply } from '../contracts/inference.js'
import type { ChatEvent, ChatRequest, FinishReason, Usage } from '../contracts/models.js'
import { finishReason, ReplyCalls } from '../contracts/reply-calls.js'
import { type ReplyHead, usageOf } from './answer.js'

/** Characters that one reply may hold in memory. */
const maxChars = 16_777_216

/** The whole answer as one JSON object. */
export class WholeReply implements Reply {
  readonly #head: ReplyHead
  readonly #request: ChatRequest
  readonly #calls: ReplyCalls
  #text = ''
  #reasoning = ''
  #refusal = ''
  #tokens: unknown[] | undefined
  #chars = 0
  #finish: FinishReason | undefined
  #usage: Usage | undefined

  constructor(head: ReplyHead, request: ChatRequest) {
    this.#head = head
    this.#request = request
    this.#calls = new ReplyCalls(request)
  }

  push(batch: readonly ChatEvent[]): string {
    for (const event of batch) {
      if (event.type === 'usage') this.#usage = event.usage
      else if (this.#finish === undefined) this.#add(event)
    }
    return ''
  }

  #add(event: Exclude<ChatEvent, { type: 'usage' }>) {
    switch (event.type) {
      case 'text':
        this.#text += this.#measured(event.text)
        if (isObject(event.logprobs) && Array.isArray(event.logprobs['content']))
          for (const token of event.logprobs['content']) (this.#tokens ??= []).push(token)
        break
      case 'reasoning':
        this.#reasoning += this.#measured(event.text)
        break
      case 'refusal':
        this.#refusal += this.#measured(event.text)
        break
      case 'tool': {
        const call = this.#calls.find(event)
        if (call) call.arguments += this.#measured(event.arguments)
        break
      }
      case 'finish':
        this.#finish = event.reason
    }
  }

  #measured(text: string): string {
    this.#chars += text.length
    if (this.#chars > maxChars) throw new GatewayError('upstream_bad_response', 'The answer of the model is too long.')
    return text
  }

  end(): string {
    const { list } = this.#calls
    const reason = finishReason(this.#finish, list, this.#request)
    const empty = this.#text === '' && (list.length > 0 || this.#refusal !== '')
    const message = {
      role: 'assistant',
      content: empty ? null : this.#text,
      refusal: this.#refusal || null,
      ...(this.#reasoning && { reasoning_content: this.#reasoning }),
      ...(list.length > 0 && {
        tool_calls: list.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: call.arguments },
        })),
      }),
    }
    const logprobs = this.#tokens ? { content: this.#tokens, refusal: null } : null
    return JSON.stringify({
      id: this.#head.id,
      object: 'chat.completion',
      created: this.#head.created,
      model: this.#head.model,
      choices: [{ index: 0, message, logprobs, finish_reason: reason }],
      ...(this.#usage && { usage: usageOf(this.#usage) }),
    })
  }
}
