import type { ChatRequest } from '../contracts/models.js'
import { type Body, invalid, isObject, shown } from './fields.js'

type Format = NonNullable<ChatRequest['responseFormat']>

/** Keys that tell a JSON Schema from the wrapper that should be around it. */
const schemaKeys = ['type', 'properties', '$ref', 'anyOf', 'allOf', 'oneOf', 'enum', 'items']

/** `response_format`. `text` is what a model does anyway. */
export function parseFormat(value: unknown): Format | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw invalid('response_format', '`response_format` must be an object.')
  const { type } = value
  if (type === 'text') return undefined
  if (type === 'json_object') return { type }
  if (type !== 'json_schema')
    throw invalid('response_format.type', `\`response_format.type\` must be text, json_object or json_schema, not ${shown(type)}.`)
  const wrapper = value['json_schema']
  if (!isObject(wrapper)) throw invalid('response_format.json_schema', '`response_format.json_schema` must be an object.')
  return fromWrapper(wrapper)
}

/** Some clients put the schema itself where `{name, schema}` belongs, or leave the name out: both are taken. */
function fromWrapper(wrapper: Body): Format {
  const { name, schema, strict, description, title } = wrapper
  if (schema !== undefined && schema !== null && !isObject(schema))
    throw invalid('response_format.json_schema.schema', '`response_format.json_schema.schema` must be an object.')
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
