import { type Body, flag, invalid, isObject, shown, unsupported } from '../contracts/fields.js'
import { distinct, parseFunction } from '../contracts/function-tools.js'
import type { ChatRequest, FunctionTool } from '../contracts/models.js'

type ToolChoice = NonNullable<ChatRequest['toolChoice']>

/** The client's tools: as the model gets them, and as the response says them back. */
export interface ClientTools {
  readonly request: Pick<ChatRequest, 'tools' | 'toolChoice' | 'parallelToolCalls'>
  /** The only tools that may be called, where `tool_choice` lists them. */
  readonly allowed: ReadonlySet<string> | undefined
  readonly echo: { readonly tools: unknown[]; readonly tool_choice: unknown; readonly parallel_tool_calls: boolean }
}

/** How the model may choose, of which tools, and how the response says it. */
interface Choice {
  readonly toolChoice: ToolChoice
  readonly allowed?: ReadonlySet<string>
  readonly echo: unknown
}

/** `tools`, `tool_choice` and `parallel_tool_calls`. Errors: `invalid_value`, `unsupported_parameter`. */
export function parseTools(body: Body): ClientTools {
  const parallel = flag(body, 'parallel_tool_calls')
  const tools = parseList(body['tools'] ?? [])
  const choice = parseChoice(body['tool_choice'] ?? undefined, tools)
  // What is not allowed is not offered: a model cannot call what it does not know.
  const allowed = choice?.allowed
  const offered = allowed ? tools.filter(({ name }) => allowed.has(name)) : tools
  const echo = { tools: tools.map(toolObject), tool_choice: choice?.echo ?? 'auto', parallel_tool_calls: parallel ?? true }
  if (offered.length === 0 || choice?.toolChoice === 'none') return { request: {}, allowed, echo }
  const request = {
    tools: offered,
    ...(choice && { toolChoice: choice.toolChoice }),
    ...(parallel !== undefined && { parallelToolCalls: parallel }),
  }
  return { request, allowed, echo }
}

function parseList(value: unknown): FunctionTool[] {
  if (!Array.isArray(value)) throw invalid('tools', '`tools` must be an array.')
  const tools = value.map((entry: unknown, i) => {
    const param = `tools[${i}]`
    if (!isObject(entry)) throw invalid(param, `\`${param}\` must be an object.`)
    const { type } = entry
    if ((type ?? 'function') !== 'function') throw unsupported(param, `Tools of type ${shown(type)} are not supported, only 'function'.`)
    // Flat, or nested as in chats.
    return isObject(entry['function']) ? parseFunction(entry['function'], `${param}.function`) : parseFunction(entry, param)
  })
  return distinct(tools, 'tools')
}

const toolObject = ({ name, description, parameters, strict }: FunctionTool) => ({
  type: 'function',
  name,
  description: description ?? null,
  parameters: parameters ?? null,
  strict: strict ?? null,
})

function parseChoice(value: unknown, tools: readonly FunctionTool[]): Choice | undefined {
  if (value === undefined) return undefined
  if (value === 'auto' || value === 'none') return { toolChoice: value, echo: value }
  if (value === 'required') {
    if (tools.length === 0) throw invalid('tool_choice', 'invalid tool configuration')
    return { toolChoice: value, echo: value }
  }
  if (isObject(value) && value['type'] === 'allowed_tools') return allowedTools(value, tools)
  const name = isObject(value) && (value['type'] ?? 'function') === 'function' ? nameOf(value) : undefined
  if (name === undefined) throw invalid('tool_choice', '`tool_choice` must be "auto", "none", "required", a function or "allowed_tools".')
  known(name, tools, 'tool_choice')
  return { toolChoice: { name }, echo: { type: 'function', name } }
}

function nameOf(value: Body): string | undefined {
  const name = isObject(value['function']) ? value['function']['name'] : value['name']
  return typeof name === 'string' ? name : undefined
}

function known(name: string, tools: readonly FunctionTool[], param: string) {
  if (!tools.some((tool) => tool.name === name))
    throw invalid(param, `\`${param}\` names ${shown(name)}, which is not among the request's tools.`)
}

function allowedTools(value: Body, tools: readonly FunctionTool[]): Choice {
  const holder = isObject(value['allowed_tools']) ? value['allowed_tools'] : value
  const mode = holder['mode'] ?? 'auto'
  if (mode !== 'auto' && mode !== 'required') throw invalid('tool_choice.mode', '`tool_choice.mode` must be "auto" or "required".')
  const list = holder['tools']
  if (!Array.isArray(list) || list.length === 0) throw invalid('tool_choice.tools', '`tool_choice.tools` must be an array of tools.')
  const names = list.map((entry: unknown, i) => {
    const param = `tool_choice.tools[${i}]`
    const name = isObject(entry) && (entry['type'] ?? 'function') === 'function' ? nameOf(entry) : undefined
    if (name === undefined) throw invalid(param, `\`${param}\` must be a function.`)
    known(name, tools, param)
    return name
  })
  const echo = { type: 'allowed_tools', mode, tools: names.map((name) => ({ type: 'function', name })) }
  return { toolChoice: mode, allowed: new Set(names), echo }
}
