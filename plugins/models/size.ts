import { imageChars } from '../contracts/ledger.js'
import type { ChatMessage, ChatRequest, ContentPart, EmbeddingRequest } from '../contracts/models.js'

const charsPerToken = 4

/** Characters that a model reads of a request. Images count by what vendors ask for them, not by their bytes. */
export function chatChars({ messages, tools, responseFormat }: ChatRequest): number {
  let chars = 0
  for (const message of messages) chars += messageChars(message)
  if (tools) chars += JSON.stringify(tools).length
  if (responseFormat?.type === 'json_schema') chars += JSON.stringify(responseFormat.schema).length
  return chars
}

function messageChars(message: ChatMessage): number {
  const { content } = message
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : []
  const said = typeof content === 'string' ? content.length : (content ?? []).reduce((sum, part) => sum + partChars(part), 0)
  // The role and the marks around a message are a few tokens.
  return calls.reduce((sum, { function: { name, arguments: args } }) => sum + name.length + args.length, said) + 16
}

function partChars(part: ContentPart): number {
  if (part.type === 'text') return part.text.length
  if (part.type === 'refusal') return part.refusal.length
  return part.type === 'file' ? part.file.file_data.length : imageChars
}

export const embeddingChars = ({ input }: EmbeddingRequest): number =>
  input.reduce((sum: number, each: string | number[]) => sum + (typeof each === 'string' ? each.length : each.length * charsPerToken), 0)
