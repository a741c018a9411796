import type { ContentBlock, Entry } from '../contracts/sessions.js'
import { shownMessage } from './view.js'

const longestText = 4_000
/** Characters of all messages as JSON. */
const mostChars = 131_072

/** Messages as a tool tells them, oldest first: the newest that fit, long texts cut, no images, no thinking. */
export function told(entries: readonly Entry[], includeTools: boolean) {
  const messages: object[] = []
  let truncated = false
  let chars = 0
  for (const entry of [...entries].reverse()) {
    const shown = shortened(entry, includeTools)
    if (!shown) continue
    const length = JSON.stringify(shown.message).length
    truncated ||= shown.cut
    if (chars + length > mostChars) {
      truncated = true
      break
    }
    chars += length
    messages.unshift(shown.message)
  }
  return { messages, truncated }
}

function shortened(entry: Entry, includeTools: boolean): { message: object; cut: boolean } | undefined {
  const { message } = entry
  if (message.role === 'toolResult' && !includeTools) return undefined
  const blocks = (message.content as readonly ContentBlock[]).flatMap((block) => shortBlock(block, includeTools))
  if (blocks.length === 0) return undefined
  const content = blocks.map(({ block }) => block)
  return { message: { ...shownMessage(entry), content }, cut: blocks.some(({ cut }) => cut) }
}

function shortBlock(block: ContentBlock, includeTools: boolean): { block: object; cut: boolean }[] {
  if (block.type === 'text') {
    const { text, cut } = shortText(block.text)
    return [{ block: { type: 'text', text }, cut }]
  }
  if (block.type === 'image') return [{ block: { type: 'image', mimeType: block.mimeType, omitted: true }, cut: true }]
  if (block.type !== 'toolCall' || !includeTools) return []
  const { text, cut } = shortText(JSON.stringify(block.arguments))
  return [{ block: cut ? { ...block, arguments: { omitted: text } } : block, cut }]
}

/** Not between the halves of a surrogate pair. */
function shortText(text: string): { text: string; cut: boolean } {
  if (text.length <= longestText) return { text, cut: false }
  return { text: `${text.slice(0, longestText).replace(/[\ud800-\udbff]$/, '')}…`, cut: true }
}
