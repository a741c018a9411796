import { GatewayError, type Principal, printable } from 'openclaw/plugin'
import { invalid, unsupported } from '../contracts/fields.js'
import type { Call, RawHandler } from '../contracts/http.js'
import { listInput } from './input-list.js'
import { credentialOf } from './kept.js'
import type { Library } from './library.js'

/** GET /v1/responses/{id} and GET /v1/responses/{id}/input_items. */
export const retrieveResponse =
  (library: Library): RawHandler =>
  async (_req, _res, call) => {
    const { id, rest } = pathOf(call)
    if (rest !== undefined && rest !== 'input_items') throw unknownPath()
    const query = new URLSearchParams(call.query)
    if (query.get('stream') === 'true') throw unsupported('stream', '`stream` is not supported for a response that has ended.')
    const found = (await library.open()).find(id, credential(call))
    if (!found) throw notFound(id)
    call.replyJson(200, rest === undefined ? found.response : listInput(id, JSON.parse(found.input), query))
  }

/** DELETE /v1/responses/{id}. */
export const deleteResponse =
  (library: Library): RawHandler =>
  async (_req, _res, call) => {
    const { id, rest } = pathOf(call)
    if (rest !== undefined) throw unknownPath()
    if (!(await library.remove(id, credential(call)))) throw notFound(id)
    call.replyJson(200, { id, object: 'response', deleted: true })
  }

/** POST below a response: to cancel it, or to count or compact its input. */
export const refusePath: RawHandler = () => {
  throw unknownPath()
}

const credential = ({ principal }: Call) => credentialOf(principal as Principal)

function pathOf({ rest }: Call): { id: string; rest: string | undefined } {
  const slash = rest.indexOf('/')
  const id = decode(slash === -1 ? rest : rest.slice(0, slash))
  if (id === '') throw unknownPath()
  return { id, rest: slash === -1 ? undefined : rest.slice(slash + 1) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('response_id', 'Invalid response id encoding.')
  }
}

const unknownPath = () => new GatewayError('not_found', 'Not Found')
const notFound = (id: string) => new GatewayError('response_not_found', `Response with id '${printable(id).slice(0, 128)}' not found.`)
