import type { ChatMessage, ContentPart } from '../contracts/models.js'
import type { ContentBlock, Message } from '../contracts/sessions.js'
import { parseDataUri } from '../contracts/data-uri.js'

/** What a transcript gets of a request: the turn to answer. What came before it is there already, or the client keeps it. */
export function turnOf(messages: readonly ChatMessage[]): Message[] {
  const timestamp = Date.now()
  const names = new Map(
    messages
      .flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []))
      .map((call) => [call.id, call.function.name]),
  )
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1)
  return turn.flatMap((message): Message[] => {
    if (message.role === 'user') return [{ role: 'user', content: blocksOf(message.content), timestamp }]
    if (message.role !== 'tool') return []
    const { tool_call_id: toolCallId, content } = message
    const toolName = names.get(toolCallId) ?? 'unknown'
    return [{ role: 'toolResult', toolCallId, toolName, content: [{ type: 'text', text: content }], isError: false, timestamp }]
  })
}

const blocksOf = (content: string | ContentPart[]): ContentBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(blockOf)

function blockOf(part: ContentPart): ContentBlock {
  if (part.type === 'text') return part
  if (part.type === 'file') return { type: 'text', text: `[file ${part.file.filename ?? 'without a name'}]` }
  if (part.type === 'refusal') return { type: 'text', text: part.refusal }
  const { url } = part.image_url
  const data = parseDataUri(url)
  return data?.type === undefined ? { type: 'text', text: `[image ${url}]` } : { type: 'image', data: data.base64, mimeType: data.type }
}
