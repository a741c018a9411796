import { type Body, flag, invalid, isObject, shown, unsupported } from '../contracts/fields.js'
import { distinct, parseFunction } from '../contracts/function-tools.js'
import type { ChatRequest, FunctionTool } from '../contracts/models.js'

type ToolChoice = NonNullable<ChatRequest['toolChoice']>

export interface ClientTools {
  tools: FunctionTool[] | undefined
  toolChoice: ToolChoice | undefined
  parallelToolCalls: boolean | undefined
}

/**
 * Tools of the client and how the model may choose, from the current fields or the older `functions` and
 * `function_call`. With the choice `none` no tools are offered at all.
 */
export function parseTools(body: Body): ClientTools {
  const parallelToolCalls = flag(body, 'parallel_tool_calls')
  const legacy = body['tools'] === undefined || body['tools'] === null
  const tools = legacy ? parseFunctions(body['functions']) : parseList(body['tools'])
  const toolChoice = parseChoice(body, tools)
  if (tools.length === 0 || toolChoice === 'none') return { tools: undefined, toolChoice: undefined, parallelToolCalls: undefined }
  return { tools, toolChoice, parallelToolCalls }
}

function parseList(value: unknown): FunctionTool[] {
  if (!Array.isArray(value)) throw invalid('tools', '`tools` must be an array.')
  const tools = value.map((entry: unknown, i) => {
    if (!isObject(entry)) throw invalid(`tools[${i}]`, `\`tools[${i}]\` must be an object.`)
    if ((entry['type'] ?? 'function') !== 'function')
      throw unsupported('tools', `Tools ${shown(entry['type'])} are not supported, only 'function'.`)
    return parseFunction(entry['function'], `tools[${i}].function`)
  })
  return distinct(tools, 'tools')
}

function parseFunctions(value: unknown): FunctionTool[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid('functions', '`functions` must be an array.')
  return distinct(
    value.map((entry: unknown, i) => parseFunction(entry, `functions[${i}]`)),
    'functions',
  )
}

function parseChoice(body: Body, tools: readonly FunctionTool[]): ToolChoice | undefined {
  const current = body['tool_choice'] !== undefined && body['tool_choice'] !== null
  const param = current ? 'tool_choice' : 'function_call'
  const value = body[param]
  if (value === undefined || value === null) return undefined
  if (value === 'auto' || value === 'none') return value
  const name = pinnedName(value, param, current)
  if (name === undefined && tools.length === 0) throw invalid(param, `\`${param}\` is 'required', but the request has no tools.`)
  if (name === undefined) return 'required'
  if (!tools.some((tool) => tool.name === name))
    throw invalid(param, `\`${param}\` names ${shown(name)}, which is not among the request's tools.`)
  return { name }
}

/** The one function the model has to call; undefined: any of them. */
function pinnedName(value: unknown, param: string, current: boolean): string | undefined {
  if (current && value === 'required') return undefined
  if (isObject(value)) {
    const { type } = value
    if (current && (type === 'allowed_tools' || type === 'custom'))
      throw unsupported(param, `\`tool_choice\` of type '${type}' is not supported.`)
    const holder = current ? value['function'] : value
    const name = isObject(holder) ? holder['name'] : undefined
    if (typeof name === 'string' && (!current || (type ?? 'function') === 'function')) return name
  }
  const allowed = current ? '"auto", "none", "required" or a function' : '"auto", "none" or a function name object'
  throw invalid(param, `\`${param}\` must be ${allowed}.`)
}
