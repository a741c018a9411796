import { invalid, isObject } from './fields.js'
import type { FunctionTool } from './models.js'

const namePattern = /^[A-Za-z0-9_.-]{1,64}$/

/** A function that a client offers. `param` is where it stands in the request. Error: `invalid_value`. */
export function parseFunction(value: unknown, param: string): FunctionTool {
  if (!isObject(value)) throw invalid(param, `\`${param}\` must be an object.`)
  const { name, description, parameters, strict } = value
  if (typeof name !== 'string' || !namePattern.test(name))
    throw invalid(`${param}.name`, `\`${param}.name\` must be 1 to 64 letters, digits, "_", "-" or ".".`)
  if (parameters !== undefined && parameters !== null && !isObject(parameters))
    throw invalid(`${param}.parameters`, `\`${param}.parameters\` must be a JSON Schema object.`)
  return {
    name,
    parameters: isObject(parameters) ? parameters : { type: 'object', properties: {} },
    ...(typeof description === 'string' && { description }),
    ...(typeof strict === 'boolean' && { strict }),
  }
}

/** The same tools, unless two have one name. Error: `invalid_value` for `param`. */
export function distinct(tools: FunctionTool[], param: string): FunctionTool[] {
  const names = new Set<string>()
  for (const { name } of tools) {
    if (names.has(name)) throw invalid(param, `Two tools are named '${name}'.`)
    names.add(name)
  }
  return tools
}
