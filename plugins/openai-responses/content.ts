import { type Body, invalid, isObject, shown, unsupported } from '../contracts/fields.js'
import type { Part, Role } from './items.js'
import type { Media } from './media.js'

/** Characters of one text. */
const maxChars = 10_485_760

const texts = new Set<unknown>(['input_text', 'output_text', 'text', 'summary_text'])

/** A text of `input`. Error: `invalid_value`. */
export function textOf(value: unknown, param: string): string {
  if (typeof value !== 'string') throw invalid(param, `\`${param}\` must be a string.`)
  if (value.length > maxChars) throw invalid(param, `\`${param}\` is longer than ${maxChars} characters.`)
  return value
}

const textPart = (text: string, role: Role): Part =>
  role === 'assistant' ? { type: 'output_text', text, annotations: [], logprobs: [] } : { type: 'input_text', text }

/** Content of a message: a string or parts. Errors: `invalid_value`, `unsupported_parameter`. */
export function parseContent(content: unknown, role: Role, param: string, media: Media): Part[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return [textPart(textOf(content, param), role)]
  if (!Array.isArray(content)) throw invalid(param, `\`${param}\` must be a string or an array of parts.`)
  return content.flatMap((part: unknown, j) => parsePart(part, role, `${param}[${j}]`, media))
}

function parsePart(part: unknown, role: Role, param: string, media: Media): Part | [] {
  if (!isObject(part)) throw invalid(param, `\`${param}\` must be an object.`)
  const { type } = part
  if (texts.has(type)) return textPart(textOf(part['text'], `${param}.text`), role)
  if (type === 'refusal' && role !== 'user') return { type, refusal: textOf(part['refusal'], `${param}.refusal`) }
  // What else an answer had came from a model, and says nothing to the next one.
  if (role === 'assistant') return []
  return (role === 'user' && mediaPart(part, param, media)) || unknownPart(type, role, param)
}

function mediaPart(part: Body, param: string, media: Media): Part | undefined {
  const { type } = part
  if (type === 'input_image' || type === 'image_url') return media.image(part, `${param}.image_url`)
  if (type === 'input_file') return media.file(part, `${param}.file_data`)
  if (type === 'input_audio') throw unsupported(param, 'Audio in `input` is not supported.')
  return undefined
}

function unknownPart(type: unknown, role: Role, param: string): never {
  const known = role === 'user' ? 'input_text, input_image or input_file' : 'input_text'
  throw invalid(`${param}.type`, `\`${param}.type\` must be ${known} for the role ${role}, not ${shown(type)}.`)
}
