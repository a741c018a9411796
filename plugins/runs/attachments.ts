import { base64Bytes, imageType } from '../contracts/images.js'
import { refusal } from '../contracts/methods.js'
import type { ContentBlock, Message } from '../contracts/sessions.js'

const maxBytes = 5_000_000
const maxCount = 32

type Body = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** The messages with the images among the attachments in the last of them, the user's turn. Error: `INVALID_REQUEST`. */
export function withImages(messages: readonly Message[], attachments: readonly unknown[] = []): readonly Message[] {
  const last = messages.at(-1)
  if (attachments.length === 0 || last?.role !== 'user') return messages
  if (attachments.length > maxCount) throw refusal('INVALID_REQUEST', `Error: more than ${maxCount} attachments`)
  const images = attachments.flatMap((attachment, i) => imageOf(attachment, i))
  const content = [...last.content.filter((block) => block.type !== 'text' || block.text !== ''), ...images]
  return [...messages.slice(0, -1), { ...last, content }]
}

function imageOf(attachment: unknown, index: number): ContentBlock[] {
  const fields = isObject(attachment) ? attachment : {}
  const source = isObject(fields['source']) ? fields['source'] : {}
  const label = textOf(fields['fileName']) ?? textOf(fields['type']) ?? `attachment-${index + 1}`
  const wrong = (problem: string) => refusal('INVALID_REQUEST', `Error: attachment ${label.slice(0, 200)}: ${problem}`)
  const content = textOf(fields['content']) ?? textOf(source['data'])
  if (content === undefined) throw wrong('content must be base64 text')
  const data = content.replace(/^data:[^,]{0,256};base64,/i, '').trim()
  const bytes = base64Bytes(data)
  if (bytes === undefined || bytes === 0) throw wrong('invalid base64 content')
  if (bytes > maxBytes) throw wrong(`exceeds size limit (${bytes} > ${maxBytes} bytes)`)
  // What it says it is does not matter: providers compare the label with the bytes.
  const mimeType = imageType(Buffer.from(data.slice(0, 24), 'base64'))
  return mimeType === undefined ? [] : [{ type: 'image', data, mimeType }]
}
