import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, FinishReason, Model, Usage } from '../contracts/models.js'
import type { ContentBlock, Message } from '../contracts/sessions.js'

type Answer = Extract<Message, { role: 'assistant' }>

/** Characters that are kept of one answer. */
const maxChars = 4_194_304
const maxCalls = 128

/** What a model says in one turn, put together for the transcript. */
export class Speech {
  /** Something was said that cannot be taken back. */
  said = false
  text = ''
  usage: Usage | undefined
  #chars = 0
  #finish: FinishReason | undefined
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>()

  /** The text that a batch adds. Error: `upstream_bad_response` where it gets too long. */
  add(batch: readonly ChatEvent[]): string {
    let delta = ''
    for (const event of batch) {
      if (event.type === 'usage') this.usage = event.usage
      else if (event.type === 'finish') this.#finish = event.reason
      else {
        this.said = true
        if (event.type === 'tool') this.#call(event)
        else if (event.type !== 'reasoning') delta += event.text
      }
    }
    this.#measure(delta.length)
    this.text += delta
    return delta
  }

  #call({ index, id, name, arguments: piece }: Extract<ChatEvent, { type: 'tool' }>) {
    let call = this.#calls.get(index)
    if (!call) this.#calls.set(index, (call = { id: id ?? `call_${index}`, name: name ?? '', arguments: '' }))
    if (this.#calls.size > maxCalls) throw new GatewayError('upstream_bad_response', `The model made more than ${maxCalls} tool calls.`)
    this.#measure(piece.length)
    call.arguments += piece
  }

  #measure(chars: number) {
    this.#chars += chars
    if (this.#chars > maxChars) throw new GatewayError('upstream_bad_response', 'The answer of the model is too long.')
  }

  /** As the transcript keeps it; undefined when there is nothing to keep. */
  message(model: Model | undefined, ending: 'ok' | 'aborted' | 'error', error: string | undefined): Answer | undefined {
    const content: ContentBlock[] = this.text === '' ? [] : [{ type: 'text', text: this.text }]
    for (const { id, name, arguments: text } of this.#calls.values())
      content.push({ type: 'toolCall', id, name, arguments: argumentsOf(text) })
    if (content.length === 0 && ending === 'aborted') return undefined
    return {
      role: 'assistant',
      content,
      timestamp: Date.now(),
      api: 'openai-completions',
      provider: model?.provider ?? 'openclaw',
      model: model?.id ?? 'none',
      usage: usageOf(this.usage),
      stopReason: ending === 'ok' ? this.#stopReason() : ending,
      ...(error !== undefined && { errorMessage: error }),
    }
  }

  #stopReason(): Answer['stopReason'] {
    if (this.#calls.size > 0) return 'toolUse'
    return this.#finish === 'length' ? 'length' : 'stop'
  }
}

/** What a model wrote as arguments is not always JSON. */
function argumentsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Kept as it is below.
  }
  return { text }
}

function usageOf({ promptTokens = 0, completionTokens = 0, totalTokens = 0, cachedTokens = 0 }: Partial<Usage> = {}): Answer['usage'] {
  const input = Math.max(0, promptTokens - cachedTokens)
  return { input, output: completionTokens, cacheRead: cachedTokens, cacheWrite: 0, totalTokens, cost: { total: 0 } }
}
