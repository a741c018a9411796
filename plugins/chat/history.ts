import { type MethodCall, Serialized } from '../contracts/methods.js'
import type { ContentBlock, Entry, Message, Sessions } from '../contracts/sessions.js'
import type { HistoryParams } from './params-schema.js'
import { isSilent } from './text.js'

const maxBlockChars = 12_000
const maxMessageBytes = 131_072
const maxBytes = 6_291_456
const cutMark = '\n...(truncated)...'

/** What `chat.history` answers: the newest messages that fit, oldest first. */
export function readHistory({ params: { sessionKey, limit } }: MethodCall<HistoryParams>, sessions: Sessions): Serialized {
  const session = sessions.get(sessions.canonical(sessionKey))
  const messages: string[] = []
  let bytes = 0
  for (const entry of session ? sessions.messages(session.key, limit).reverse() : []) {
    if (isHidden(entry.message)) continue
    const json = entryJson(entry)
    bytes += Buffer.byteLength(json) + 1
    if (bytes > maxBytes) break
    messages.push(json)
  }
  const { thinkingLevel = 'off', fastMode, verboseLevel } = session?.settings ?? {}
  const head = JSON.stringify({ sessionKey, ...(session && { sessionId: session.id }), thinkingLevel, fastMode, verboseLevel })
  return new Serialized(`${head.slice(0, -1)},"messages":[${messages.reverse().join(',')}]}`)
}

const isHidden = ({ role, content }: Message) =>
  role === 'assistant' && content.length === 1 && content[0]?.type === 'text' && isSilent(content[0].text)

function entryJson({ id, seq, message }: Entry): string {
  const mark = { id, seq }
  const json = JSON.stringify({ ...message, content: message.content.map(shortened), __openclaw: mark })
  if (Buffer.byteLength(json) <= maxMessageBytes) return json
  const content = [{ type: 'text', text: '[This message is too large to be shown.]' }]
  return JSON.stringify({ ...message, content, __openclaw: mark })
}

/** Long text is cut, pictures are told of. */
function shortened(block: ContentBlock): object {
  if (block.type === 'text' && block.text.length > maxBlockChars) return { ...block, text: block.text.slice(0, maxBlockChars) + cutMark }
  if (block.type !== 'image') return block
  return { type: 'image', mimeType: block.mimeType, omitted: true, bytes: Math.floor((block.data.length * 3) / 4) }
}
