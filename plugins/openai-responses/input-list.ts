import { invalid } from '../contracts/fields.js'
import { inputItemId } from './ids.js'
import type { Item } from './items.js'

const longest = 100
const usual = 20
const prefixes = { message: 'msg', function_call: 'fc', function_call_output: 'fco', reasoning: 'msg' } as const

/** The items of a response's own request, newest first unless `order` says otherwise, a page at a time. Error: `invalid_value`. */
export function listInput(response: string, items: readonly Item[], query: URLSearchParams) {
  const order = query.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw invalid('order', '`order` must be "asc" or "desc".')
  const limit = Number(query.get('limit') ?? usual)
  if (!Number.isInteger(limit) || limit < 1 || limit > longest) throw invalid('limit', `\`limit\` must be between 1 and ${longest}.`)
  const listed = items.map((item, i) => ({ status: 'completed', ...item, id: inputItemId(prefixes[item.type], response, i) }))
  if (order === 'desc') listed.reverse()
  const after = query.get('after')
  const start = after === null ? 0 : listed.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) throw invalid('after', '`after` must be the id of an item in the list.')
  const data = listed.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + data.length < listed.length,
  }
}
