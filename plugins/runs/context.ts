import type { ChatMessage, ContentPart, Model } from '../contracts/models.js'
import type { ContentBlock, Entry, Message } from '../contracts/sessions.js'

/** Tokens of a model that does not say how many it takes. */
const usualWindow = 200_000
const charsPerToken = 4
/** What a picture counts as, in characters. */
const imageChars = 4_800
const maxImages = 8

export interface ContextInput {
  readonly system: string
  /** The conversation so far, oldest first. */
  readonly entries: readonly Entry[]
  /** The turn to answer. */
  readonly turn: readonly ChatMessage[]
  readonly model: Model
  /** The agent's own limit. */
  readonly contextTokens: number | undefined
}

/** What a model is sent: the prompt, as much of the newest conversation as fits, and the turn. */
export function contextOf({ system, entries, turn, model, contextTokens }: ContextInput): ChatMessage[] {
  const window = Math.min(model.contextWindow ?? usualWindow, contextTokens ?? Number.POSITIVE_INFINITY)
  const reserved = Math.min(model.maxTokens ?? 4_096, window / 4)
  const budget = (window - reserved) * charsPerToken - system.length - sizeOf(turn)
  const prompt: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }]
  const before = newest(entries, budget, model.input === undefined || model.input.includes('image'))
  return [...prompt, ...paired(before), ...turn]
}

function newest(entries: readonly Entry[], budget: number, takesImages: boolean): ChatMessage[] {
  const kept: ChatMessage[] = []
  let left = budget
  let images = takesImages ? maxImages : 0
  for (const { message } of [...entries].reverse()) {
    const translated = toChat(message, () => images-- > 0)
    if (!translated) continue
    left -= sizeOf([translated])
    if (left < 0) break
    kept.push(translated)
  }
  return kept.reverse()
}

const partChars = (part: ContentPart) => (part.type === 'text' ? part.text.length : imageChars)

function sizeOf(messages: readonly ChatMessage[]): number {
  let chars = 0
  for (const message of messages) {
    const { content } = message
    chars += 16 + (typeof content === 'string' ? content.length : (content ?? []).reduce((sum, part) => sum + partChars(part), 0))
    if (message.role === 'assistant')
      for (const { function: call } of message.tool_calls ?? []) chars += call.name.length + call.arguments.length
  }
  return chars
}

/** A message of a transcript for a model; undefined when it says nothing. `image`: whether one more image may be sent. */
export function toChat(message: Message, image: () => boolean): ChatMessage | undefined {
  if (message.role === 'toolResult') return { role: 'tool', content: joined(message.content), tool_call_id: message.toolCallId }
  if (message.role === 'user') return { role: 'user', content: userContent(message.content, image) }
  const calls = message.content.flatMap((block) => (block.type === 'toolCall' ? [block] : []))
  const text = joined(message.content)
  if (text === '' && calls.length === 0) return undefined
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function' as const,
        function: { name, arguments: JSON.stringify(args) },
      })),
    }),
  }
}

const joined = (content: readonly ContentBlock[]) => content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')

function userContent(content: readonly ContentBlock[], image: () => boolean): string | ContentPart[] {
  if (content.every((block) => block.type === 'text')) return joined(content)
  return content.flatMap((block): ContentPart[] => {
    if (block.type === 'text') return block.text === '' ? [] : [{ type: 'text', text: block.text }]
    if (block.type !== 'image') return []
    if (!image()) return [{ type: 'text', text: '[an image that is not sent]' }]
    return [{ type: 'image_url', image_url: { url: `data:${block.mimeType};base64,${block.data}` } }]
  })
}

/** Tool calls with their results only: models refuse one without the other, and a cut conversation has such. */
function paired(messages: readonly ChatMessage[]): ChatMessage[] {
  const answered = new Set(messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : [])))
  const called = new Set<string>()
  const kept: ChatMessage[] = []
  for (const message of messages) {
    if (message.role === 'tool' ? called.delete(message.tool_call_id) : message.role !== 'assistant' || !message.tool_calls) {
      kept.push(message)
      continue
    }
    if (message.role !== 'assistant') continue
    const { tool_calls: calls = [], ...rest } = message
    const whole = calls.every(({ id }) => answered.has(id))
    if (whole) for (const { id } of calls) called.add(id)
    if (whole) kept.push(message)
    else if (rest.content !== null && rest.content !== '') kept.push(rest)
  }
  return kept
}
