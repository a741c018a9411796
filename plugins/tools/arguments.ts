import { GatewayError, type SchemaError, validatorOf } from 'openclaw/plugin'
import type { Tool, ToolInvocation } from '../contracts/tools.js'

/** Problems that one message tells. */
const mostProblems = 5
const longestMessage = 1_000

/**
 * A copy of the arguments with the defaults of the tool's schema. Error: `invalid_value`. What the schema itself does wrong is
 * thrown as it is.
 */
export async function argumentsOf(tool: Tool, { args, action }: Pick<ToolInvocation, 'args' | 'action'>): Promise<Record<string, unknown>> {
  const validate = await validatorOf(tool.parameters)
  const copy: Record<string, unknown> = structuredClone(args)
  if (action !== undefined && copy['action'] === undefined && hasAction(tool)) copy['action'] = action
  if (validate(copy)) return copy
  throw new GatewayError('invalid_value', `Invalid arguments for ${tool.name}: ${describe(validate.errors ?? [])}`)
}

function hasAction({ parameters: { properties } }: Tool): boolean {
  return typeof properties === 'object' && properties !== null && Object.hasOwn(properties, 'action')
}

function describe(errors: readonly SchemaError[]): string {
  const problems = errors.map(({ instancePath, keyword, message = keyword, params }) => {
    const at = instancePath.slice(1).replaceAll('/', '.')
    if (keyword === 'additionalProperties') return `${at ? `${at}: ` : ''}unknown "${params['additionalProperty']}"`
    const allowed = keyword === 'enum' ? `: ${JSON.stringify(params['allowedValues'])}` : ''
    return `${at ? `${at} ` : ''}${message}${allowed}`
  })
  const each = [...new Set(problems)]
  const rest = each.length > mostProblems ? `; and ${each.length - mostProblems} more` : ''
  return (each.slice(0, mostProblems).join('; ') + rest).slice(0, longestMessage)
}
