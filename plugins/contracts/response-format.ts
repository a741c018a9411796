import { type Body, invalid, isObject } from './fields.js'
import type { ChatRequest } from './models.js'

export type ResponseFormat = NonNullable<ChatRequest['responseFormat']>

/** Keys that tell a JSON Schema from the wrapper that should be around it. */
const schemaKeys = ['type', 'properties', '$ref', 'anyOf', 'allOf', 'oneOf', 'enum', 'items']

/**
 * An answer by a schema, from `{name, schema, strict, description}`. Some clients put the schema itself where that belongs, or leave
 * the name out: both are taken. `param` is where it stands in the request. Error: `invalid_value`.
 */
export function schemaFormat(wrapper: Body, param: string): ResponseFormat {
  const { name, schema, strict, description, title } = wrapper
  if (schema !== undefined && schema !== null && !isObject(schema))
    throw invalid(`${param}.schema`, `\`${param}.schema\` must be an object.`)
  const bare = !isObject(schema) && schemaKeys.some((key) => key in wrapper)
  const label = [name, bare ? title : undefined].find((text) => typeof text === 'string' && text !== '')
  return {
    type: 'json_schema',
    name: labelOf(label as string | undefined),
    schema: isObject(schema) ? schema : bare ? wrapper : {},
    ...(typeof strict === 'boolean' && { strict }),
    ...(typeof description === 'string' && { description }),
  }
}

/** The name is only a label, and backends refuse what is not in this alphabet. */
const labelOf = (name = 'response') => name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)
