import { parseDataUri } from '../contracts/data-uri.js'
import { invalid, shown } from '../contracts/fields.js'
import { fileBlock, textTypes } from '../contracts/file-text.js'
import type { ChatMessage, ContentPart, ToolCall } from '../contracts/models.js'
import type { Item, Located, Part } from './items.js'

type Assistant = Extract<ChatMessage, { role: 'assistant' }>

/** Builds the messages of a model from items, in their order. Every function call gets its one output, right behind it. */
export class Conversation {
  readonly messages: ChatMessage[] = []
  /** Function calls without their output. */
  readonly #waiting = new Map<string, { assistant: Assistant; param: string }>()
  readonly #maxChars: number

  /** `maxChars` of a text file are kept. */
  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** Errors: `invalid_value` where calls and outputs do not go together. */
  add({ item, param }: Located) {
    if (item.type === 'message') this.#message(item)
    else if (item.type === 'function_call') this.#call(item, param)
    else if (item.type === 'function_call_output') this.#output(item, param)
  }

  #message({ role, content }: Extract<Item, { type: 'message' }>) {
    if (role === 'assistant') {
      const last = this.messages.at(-1)
      const said = simplest(content.flatMap((part) => this.#partOf(part)))
      // One step of a model: what it said and what it called, in either order.
      if (last?.role === 'assistant' && last.content === null) last.content = said === '' ? null : said
      else this.messages.push({ role, content: said })
    } else if (role === 'user') this.messages.push({ role, content: simplest(content.flatMap((part) => this.#partOf(part))) })
    else this.messages.push({ role: 'system', content: textIn(content) })
  }

  #call({ call_id: id, name, arguments: args, status }: Extract<Item, { type: 'function_call' }>, param: string) {
    // Cut off in the middle: nobody can have run it.
    if (status === 'incomplete') return
    if (this.#waiting.has(id)) throw invalid(`${param}.call_id`, `Two function calls have the id ${shown(id)}.`)
    const call: ToolCall = { id, type: 'function', function: { name, arguments: args } }
    let assistant = this.messages.at(-1)
    if (assistant?.role !== 'assistant') this.messages.push((assistant = { role: 'assistant', content: null }))
    assistant.tool_calls = [...(assistant.tool_calls ?? []), call]
    if (assistant.content === '') assistant.content = null
    this.#waiting.set(id, { assistant, param })
  }

  #output({ call_id: id, output }: Extract<Item, { type: 'function_call_output' }>, param: string) {
    const call = this.#waiting.get(id)
    if (!call)
      throw invalid(`${param}.call_id`, `\`${param}.call_id\` must be the id of a function call without an output, ${shown(id)} is not.`)
    this.#waiting.delete(id)
    const parts = typeof output === 'string' ? [] : output.flatMap((part) => this.#partOf(part))
    const content = typeof output === 'string' ? output : parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n')
    const seen = parts.filter(({ type }) => type !== 'text')
    // Models take results right behind their calls, whatever a client put between them, and take them as text alone.
    let at = this.messages.lastIndexOf(call.assistant) + 1
    while (this.messages[at]?.role === 'tool') at++
    const result: ChatMessage = { role: 'tool', tool_call_id: id, content }
    const shownToo: ChatMessage = { role: 'user', content: [{ type: 'text', text: `[Output of the function call ${id}]` }, ...seen] }
    this.messages.splice(at, 0, result, ...(seen.length > 0 ? [shownToo] : []))
  }

  /** Every call needs its output: a model asked to go on without one makes it up. Error: `invalid_value`. */
  settle() {
    for (const [id, { param }] of this.#waiting) throw invalid(param, `The function call ${shown(id)} has no output in \`input\`.`)
  }

  #partOf(part: Part): ContentPart | [] {
    if (part.type === 'refusal') return { type: 'refusal', refusal: part.refusal }
    if (part.type === 'input_image') return { type: 'image_url', image_url: { url: part.image_url, detail: part.detail } }
    if (part.type !== 'input_file') return { type: 'text', text: part.text }
    const { filename, file_data } = part
    const data = parseDataUri(file_data)
    if (data && isText(data.type ?? '')) return { type: 'text', text: fileBlock(filename, data, this.#maxChars) }
    return { type: 'file', file: { ...(filename !== undefined && { filename }), file_data } }
  }
}

const isText = (type: string) => type.startsWith('text/') || textTypes.includes(type) || /[/+](?:json|xml|yaml)$/.test(type)

const textIn = (parts: readonly Part[]) =>
  parts.map((part) => ('text' in part ? part.text : part.type === 'refusal' ? part.refusal : '')).join('\n')

/** One text part is the same as a string, and more backends take the string. */
function simplest(parts: ContentPart[]): string | ContentPart[] {
  const [first] = parts
  if (!first) return ''
  return parts.length === 1 && first.type === 'text' ? first.text : parts
}
