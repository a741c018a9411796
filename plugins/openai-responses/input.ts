import { type Body, invalid, isObject, shown } from '../contracts/fields.js'
import { parseContent, textOf } from './content.js'
import type { Item, Located, Role } from './items.js'
import type { Media } from './media.js'

/** What the items of one request need to be understood. */
export interface Surroundings {
  readonly media: Media
  /** An item of an earlier response that this client may refer to. */
  find(id: string): Item | undefined
}

const roles: readonly unknown[] = ['user', 'system', 'developer', 'assistant']

/** `input` as items; none when it is absent or blank. Errors: `invalid_value`, `unsupported_parameter`. */
export function parseInput(value: unknown, surroundings: Surroundings): Located[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') {
    if (value.trim() === '') return []
    return [{ item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: textOf(value, 'input') }] }, param: 'input' }]
  }
  if (!Array.isArray(value)) throw invalid('input', '`input` must be a string or an array of items.')
  return value.flatMap((entry: unknown, i) => {
    const param = `input[${i}]`
    const item = parseItem(entry, param, surroundings)
    return item ? { item, param } : []
  })
}

/** Undefined: the item says nothing to a model. */
function parseItem(entry: unknown, param: string, surroundings: Surroundings): Item | undefined {
  if (!isObject(entry)) throw invalid(param, `\`${param}\` must be an object.`)
  // Messages and references come without a type too.
  const type = entry['type'] ?? (entry['role'] === undefined && typeof entry['id'] === 'string' ? 'item_reference' : 'message')
  switch (type) {
    case 'message':
      return message(entry, param, surroundings.media)
    case 'function_call':
      return functionCall(entry, param)
    case 'function_call_output':
      return functionCallOutput(entry, param, surroundings.media)
    case 'item_reference':
      return referred(entry['id'], param, surroundings)
    case 'reasoning':
      return undefined
  }
  // Items of other vendors have a prefix, so that whoever does not know them can leave them out.
  if (typeof type === 'string' && type.includes(':')) return undefined
  throw invalid(`${param}.type`, `\`${param}.type\` must be a type of item that the gateway knows, ${shown(type)} is not.`)
}

function message(entry: Body, param: string, media: Media): Item {
  const { role, content } = entry
  if (!roles.includes(role))
    throw invalid(`${param}.role`, `\`${param}.role\` must be user, system, developer or assistant, not ${shown(role)}.`)
  return { type: 'message', role: role as Role, content: parseContent(content, role as Role, `${param}.content`, media) }
}

function named(entry: Body, key: string, param: string): string {
  const value = entry[key]
  if (typeof value !== 'string' || value === '') throw invalid(`${param}.${key}`, `\`${param}.${key}\` must be a string that is not empty.`)
  return value
}

/** Arguments stay text: a model may have written what is not JSON, and has to see it again as it was. */
const functionCall = (entry: Body, param: string): Item => ({
  type: 'function_call',
  call_id: named(entry, 'call_id', param),
  name: named(entry, 'name', param),
  arguments: textOf(entry['arguments'] ?? '', `${param}.arguments`),
  ...(entry['status'] === 'incomplete' && { status: 'incomplete' }),
})

function functionCallOutput(entry: Body, param: string, media: Media): Item {
  const { output } = entry
  const at = `${param}.output`
  const parts = Array.isArray(output) ? parseContent(output, 'user', at, media) : textOf(output ?? '', at)
  return { type: 'function_call_output', call_id: named(entry, 'call_id', param), output: parts }
}

function referred(id: unknown, param: string, { find }: Surroundings): Item {
  const item = typeof id === 'string' ? find(id) : undefined
  if (!item) throw invalid(`${param}.id`, 'item not found')
  return item
}
