import { GatewayError } from 'openclaw/plugin'
import type { ChatMessage, ContentPart, ToolCall } from '../contracts/models.js'
import { type Body, invalid, isObject, shown, unsupported } from '../contracts/fields.js'
import { Files } from './files.js'
import { CallHistory } from './history.js'
import type { Images } from './images.js'

/** What one pass over the messages shares. */
interface Pass {
  readonly images: Images
  readonly files: Files
  readonly calls: CallHistory
}

/**
 * Check and translate `messages`. The turn to answer is the last user or tool message: assistant text after it is
 * dropped. `images` gets those of all turns. Errors: `missing_required_parameter`, `invalid_value`, `unsupported_parameter`.
 */
export function parseMessages(value: unknown, images: Images): ChatMessage[] {
  const pass: Pass = { images, files: new Files(), calls: new CallHistory() }
  const messages = (Array.isArray(value) ? value : []).map((entry: unknown, i) => parseMessage(entry, `messages[${i}]`, pass))
  const last = messages.findLastIndex(({ role }) => role === 'user' || role === 'tool')
  if (last === -1) throw new GatewayError('missing_required_parameter', 'Missing user message in `messages`.', { param: 'messages' })
  pass.calls.settle()
  images.fit(
    messages,
    messages.findLastIndex(({ role }) => role === 'user'),
  )
  return messages.filter(({ role }, i) => i < last || role !== 'assistant')
}

function parseMessage(entry: unknown, param: string, pass: Pass): ChatMessage {
  if (!isObject(entry)) throw invalid(param, `\`${param}\` must be an object.`)
  const { role, content } = entry
  const named = nameOf(entry, param)
  switch (role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: plainText(content, param), ...named }
    case 'user':
      return { role, content: userContent(content, param, pass), ...named }
    case 'assistant':
      return { role, ...assistantTurn(entry, param, pass), ...named }
    case 'tool':
      return { role, content: plainText(content, param), tool_call_id: pass.calls.answer(entry['tool_call_id'], param) }
    case 'function':
      return { role: 'tool', content: plainText(content, param), tool_call_id: pass.calls.answerByName(entry['name'], param) }
    default:
      throw invalid(`${param}.role`, `\`${param}.role\` must be system, developer, user, assistant or tool, not ${shown(role)}.`)
  }
}

function nameOf({ name }: Body, param: string): { name?: string } {
  if (name === undefined || name === null || name === '') return {}
  if (typeof name !== 'string') throw invalid(`${param}.name`, `\`${param}.name\` must be a string.`)
  return { name }
}

function partsOf(content: unknown, param: string): Body[] | undefined {
  if (!Array.isArray(content)) return undefined
  return content.map((part: unknown, j) => {
    if (!isObject(part)) throw invalid(`${param}.content[${j}]`, `\`${param}.content[${j}]\` must be an object.`)
    return part
  })
}

const badContent = (param: string) => invalid(`${param}.content`, `\`${param}.content\` must be a string or an array of parts.`)

const isText = ({ type }: Body) => type === 'text' || type === 'input_text'

function textOf({ text }: Body, param: string): string {
  if (typeof text !== 'string') throw invalid(`${param}.text`, `\`${param}.text\` must be a string.`)
  return text
}

/** Content of a role that only has text: parts are joined by a newline. */
function plainText(content: unknown, param: string): string {
  if (typeof content === 'string') return content
  if (content === undefined || content === null) return ''
  const parts = partsOf(content, param)
  if (!parts) throw badContent(param)
  return parts
    .map((part, j) => {
      const at = `${param}.content[${j}]`
      if (!isText(part)) throw invalid(`${at}.type`, `\`${at}.type\` must be text, not ${shown(part['type'])}.`)
      return textOf(part, at)
    })
    .join('\n')
}

function userContent(content: unknown, param: string, pass: Pass): string | ContentPart[] {
  if (typeof content === 'string') return content
  if (content === undefined || content === null) return ''
  const parts = partsOf(content, param)
  if (!parts) throw badContent(param)
  return simplest(parts.map((part, j) => userPart(part, `${param}.content[${j}]`, pass)))
}

function userPart(part: Body, param: string, { images, files }: Pass): ContentPart {
  if (isText(part)) return { type: 'text', text: textOf(part, param) }
  const { type } = part
  if (type === 'image_url' || type === 'input_image') return images.parse(part, `${param}.image_url`)
  if (type === 'file') return files.parse(part, `${param}.file`)
  if (type === 'input_audio') throw unsupported(param, 'Audio in `messages` is not supported.')
  throw invalid(`${param}.type`, `\`${param}.type\` must be text, image_url or file, not ${shown(type)}.`)
}

/** One text part is the same as a string, and more backends take the string. */
function simplest(parts: ContentPart[]): string | ContentPart[] {
  const [first] = parts
  if (!first) return ''
  return parts.length === 1 && first.type === 'text' ? first.text : parts
}

/** Text, refusals and tool calls of an earlier answer. Parts nobody knows are left out, they came from a model. */
function assistantTurn(entry: Body, param: string, { calls }: Pass): { content: string | ContentPart[] | null; tool_calls?: ToolCall[] } {
  const { content, refusal } = entry
  const toolCalls = calls.record(entry, param)
  const parts = (partsOf(content, param) ?? []).flatMap((part, j): ContentPart[] => {
    const at = `${param}.content[${j}]`
    if (isText(part) || part['type'] === 'output_text') return [{ type: 'text', text: textOf(part, at) }]
    return part['type'] === 'refusal' && typeof part['refusal'] === 'string' ? [{ type: 'refusal', refusal: part['refusal'] }] : []
  })
  if (typeof content === 'string' && content !== '') parts.push({ type: 'text', text: content })
  else if (content !== undefined && content !== null && typeof content !== 'string' && !Array.isArray(content)) throw badContent(param)
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', refusal })
  const text = simplest(parts)
  if (toolCalls.length === 0) return { content: text }
  return { content: text === '' ? null : text, tool_calls: toolCalls }
}
