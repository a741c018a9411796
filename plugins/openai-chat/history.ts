import type { ToolCall } from '../contracts/models.js'
import { type Body, invalid, isObject, shown, unsupported } from '../contracts/fields.js'

/** Tool calls of the conversation so far, and which of them still wait for their result. */
export class CallHistory {
  readonly #seen = new Set<string>()
  readonly #waiting = new Map<string, { name: string; param: string }>()

  /** The calls of an assistant message, current or in the older `function_call` form. */
  record(entry: Body, param: string): ToolCall[] {
    const { tool_calls: list, function_call: legacy } = entry
    if (list !== undefined && list !== null) {
      if (!Array.isArray(list)) throw invalid(`${param}.tool_calls`, `\`${param}.tool_calls\` must be an array.`)
      return list.map((call: unknown, j) => this.#add(parseCall(call, `${param}.tool_calls[${j}]`), param))
    }
    if (legacy === undefined || legacy === null) return []
    const at = `${param}.function_call`
    return [this.#add({ id: this.#freshId(), type: 'function', function: parseTarget(legacy, at) }, param)]
  }

  /** A result names its call. Ids may come again in later turns, as some backends count from zero each time. */
  answer(id: unknown, param: string): string {
    if (typeof id !== 'string' || !this.#seen.has(id))
      throw invalid(`${param}.tool_call_id`, `\`${param}.tool_call_id\` must be the id of an earlier tool call, ${shown(id)} is not.`)
    this.#waiting.delete(id)
    return id
  }

  /** A result of the older form belongs to the latest call of that name that waits for one. */
  answerByName(name: unknown, param: string): string {
    const id = [...this.#waiting].findLast(([, call]) => call.name === name)?.[0]
    if (id === undefined)
      throw invalid(`${param}.name`, `\`${param}.name\` must name a function call without a result, ${shown(name)} does not.`)
    this.#waiting.delete(id)
    return id
  }

  /** Every call needs its result: a model asked to go on without one makes it up. */
  settle() {
    for (const [id, { param }] of this.#waiting)
      throw invalid(`${param}.tool_calls`, `The tool call ${shown(id)} in \`${param}\` has no result.`)
  }

  #add(call: ToolCall, param: string): ToolCall {
    if (this.#waiting.has(call.id)) throw invalid(`${param}.tool_calls`, `Two tool calls have the id ${shown(call.id)}.`)
    this.#seen.add(call.id)
    this.#waiting.set(call.id, { name: call.function.name, param })
    return call
  }

  /** Counted rather than random, so that the same conversation is the same prompt to a provider's cache. */
  #freshId(): string {
    let number = this.#seen.size
    while (this.#seen.has(`call_function_${number}`)) number++
    return `call_function_${number}`
  }
}

function parseCall(call: unknown, param: string): ToolCall {
  if (!isObject(call)) throw invalid(param, `\`${param}\` must be an object.`)
  const { id, type } = call
  if ((type ?? 'function') !== 'function') throw unsupported(param, `Tool calls ${shown(type)} are not supported, only 'function'.`)
  if (typeof id !== 'string' || id === '') throw invalid(`${param}.id`, `\`${param}.id\` must be a string.`)
  return { id, type: 'function', function: parseTarget(call['function'], `${param}.function`) }
}

/** Arguments stay text: a model may have written what is not JSON, and has to see it again as it was. */
function parseTarget(value: unknown, param: string): ToolCall['function'] {
  if (!isObject(value)) throw invalid(param, `\`${param}\` must be an object.`)
  const { name, arguments: text = '' } = value
  if (typeof name !== 'string' || name === '') throw invalid(`${param}.name`, `\`${param}.name\` must be a string.`)
  if (text !== null && typeof text !== 'string') throw invalid(`${param}.arguments`, `\`${param}.arguments\` must be a string.`)
  return { name, arguments: text ?? '' }
}
