import { invalid, isObject, shown } from '../contracts/fields.js'
import { type ResponseFormat, schemaFormat } from '../contracts/response-format.js'

/** `response_format`. `text` is what a model does anyway. Error: `invalid_value`. */
export function parseFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw invalid('response_format', '`response_format` must be an object.')
  const { type } = value
  if (type === 'text') return undefined
  if (type === 'json_object') return { type }
  if (type !== 'json_schema')
    throw invalid('response_format.type', `\`response_format.type\` must be text, json_object or json_schema, not ${shown(type)}.`)
  const wrapper = value['json_schema']
  if (!isObject(wrapper)) throw invalid('response_format.json_schema', '`response_format.json_schema` must be an object.')
  return schemaFormat(wrapper, 'response_format.json_schema')
}
