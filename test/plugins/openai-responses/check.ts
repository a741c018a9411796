import assert from 'node:assert/strict'
import { violationOf } from '../../support/vendor-schema.js'

const words = (text: string) => text.trim().split(/\s+/)

/** Every key of a response object: those of the vendor's type, and those that its documentation has besides. */
const vendorKeys = words(`
  id object created_at completed_at status incomplete_details error model previous_response_id instructions output tools
  tool_choice truncation parallel_tool_calls text top_p temperature top_logprobs reasoning usage max_output_tokens background
  service_tier metadata safety_identifier prompt_cache_key`)
const documentedKeys = ['presence_penalty', 'frequency_penalty', 'max_tool_calls', 'store']
const itemKeys: Record<string, string[]> = {
  message: ['id', 'type', 'status', 'role', 'content'],
  function_call: ['id', 'type', 'status', 'call_id', 'name', 'arguments'],
  reasoning: ['id', 'type', 'status', 'summary', 'encrypted_content'],
}
const idPrefix: Record<string, string> = { message: 'msg', function_call: 'fc', reasoning: 'rs' }
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

const sameKeys = (value: object, keys: readonly string[], what: string) =>
  assert.deepEqual(Object.keys(value).sort(), [...keys].sort(), what)

const fitsVendor = (type: 'response' | 'responseEvent' | 'responseItems', value: unknown) =>
  assert.equal(violationOf(type, value), undefined, JSON.stringify(value))

/** As the vendor's package has it: with the text that it puts together itself, without what its types leave out. */
function vendorResponse(response: any) {
  const rest = Object.fromEntries(Object.entries(response).filter(([key]) => !documentedKeys.includes(key)))
  // Our codes are those of our errors. A type of the vendor has no null for usage, while its events do.
  const { error, usage, ...known } = rest as any
  return { ...known, output_text: '', ...(usage !== null && { usage }), error: error && { ...error, code: 'server_error' } }
}

/** As the vendor's package has it: its types of events leave out the nested error, and the bytes of a token. */
function vendorEvent({ error: _error, ...event }: any) {
  if (event.response) return { ...event, response: vendorResponse(event.response) }
  return event.logprobs ? { ...event, logprobs: event.logprobs.map(({ bytes: _bytes, ...token }: any) => token) } : event
}

/** Check a response object against the vendor's type, the list of its keys, and the states that its items may have. */
export function checkResponse(response: any) {
  sameKeys(response, [...vendorKeys, ...documentedKeys], 'keys of the response')
  fitsVendor('response', vendorResponse(response))
  assert.match(response.id, new RegExp(`^resp_${uuid}$`))
  assert.ok(Number.isSafeInteger(response.created_at))
  assert.equal(typeof response.store, 'boolean')
  assert.equal(response.completed_at !== null, response.status === 'completed')
  assert.equal(response.error !== null, response.status === 'failed')
  assert.equal(response.incomplete_details !== null, response.status === 'incomplete')
  if (response.status === 'completed' || response.status === 'incomplete') assert.ok(response.usage)
  for (const [index, item] of response.output.entries()) {
    checkItem(item)
    const last = index === response.output.length - 1
    const cut = response.incomplete_details?.reason === 'max_output_tokens' && last
    assert.equal(item.status, cut ? 'incomplete' : 'completed')
  }
  const ids = response.output.map(({ id }: any) => id)
  assert.equal(new Set(ids).size, ids.length)
  return response
}

function checkItem(item: any) {
  sameKeys(item, itemKeys[item.type] ?? [], `keys of ${item.type}`)
  assert.match(item.id, new RegExp(`^${idPrefix[item.type]}_${uuid}$`))
  for (const part of item.content ?? [])
    sameKeys(part, part.type === 'refusal' ? ['type', 'refusal'] : ['type', 'text', 'annotations', 'logprobs'], 'keys of a part')
}

export interface CheckedStream {
  readonly events: any[]
  readonly types: string[]
  /** The last one's response. */
  readonly response: any
}

/** Check a whole event stream, rebuild the response from its events, and compare that with the last one. */
export function checkStream(wire: string): CheckedStream {
  const frames = wire.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'))
  assert.equal(frames.pop(), 'data: [DONE]')
  const events = frames.map((frame) => {
    const [, event, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? assert.fail(`not a frame: ${frame}`)
    const parsed = JSON.parse(data as string)
    assert.equal(parsed.type, event)
    return parsed
  })
  for (const [i, event] of events.entries()) {
    assert.equal(event.sequence_number, i)
    fitsVendor('responseEvent', vendorEvent(event))
    if (event.response) checkResponse(event.response)
  }
  assert.deepEqual(
    events.slice(0, 2).map(({ type, response }) => [type, response.status, response.output, response.usage]),
    [
      ['response.created', 'in_progress', [], null],
      ['response.in_progress', 'in_progress', [], null],
    ],
  )
  const output = replay(events.slice(2, -1))
  const last = events.at(-1)
  assert.equal(last.type, `response.${last.response.status}`)
  assert.ok(['completed', 'incomplete', 'failed'].includes(last.response.status))
  assert.deepEqual(last.response.output, output)
  const changing = ['status', 'completed_at', 'error', 'incomplete_details', 'output', 'usage', 'store']
  const fixed = ({ response }: any) => Object.entries(response).filter(([key]) => !changing.includes(key))
  assert.deepEqual(fixed(last), fixed(events[0]))
  return { events, types: events.map(({ type }) => type), response: last.response }
}

/** The finished items, put together from deltas as a client does, and compared with what each `done` says. */
function replay(events: any[]): any[] {
  const items: any[] = []
  const done: any[] = []
  for (const event of events) {
    const item = items[event.output_index]
    if (event.item_id) assert.equal(event.item_id, item.id)
    if (event.output_index !== undefined && event.type !== 'response.output_item.added')
      assert.equal(done[event.output_index], undefined, 'nothing comes after an item is done')
    const part = item?.content?.[event.content_index] ?? item?.summary?.[event.summary_index]
    switch (event.type) {
      case 'response.output_item.added':
        assert.equal(event.output_index, items.length)
        assert.equal(event.item.status, 'in_progress')
        if (event.item.type === 'function_call') assert.equal(event.item.arguments, '')
        else assert.deepEqual(event.item.content ?? event.item.summary, [])
        items.push(structuredClone(event.item))
        break
      case 'response.content_part.added':
        assert.equal(event.content_index, item.content.length)
        assert.equal(event.part.text ?? event.part.refusal, '')
        item.content.push(structuredClone(event.part))
        break
      case 'response.reasoning_summary_part.added':
        assert.equal(event.summary_index, item.summary.length)
        item.summary.push(structuredClone(event.part))
        break
      case 'response.output_text.delta':
        assert.ok(event.delta.isWellFormed())
        part.text += event.delta
        part.logprobs.push(...event.logprobs)
        break
      case 'response.reasoning_summary_text.delta':
        assert.ok(event.delta.isWellFormed())
        part.text += event.delta
        break
      case 'response.refusal.delta':
        part.refusal += event.delta
        break
      case 'response.function_call_arguments.delta':
        assert.ok(event.delta.isWellFormed())
        item.arguments += event.delta
        item.deltas = true
        break
      case 'response.output_text.done':
        assert.deepEqual([event.text, event.logprobs], [part.text, part.logprobs])
        break
      case 'response.reasoning_summary_text.done':
        assert.equal(event.text, part.text)
        break
      case 'response.refusal.done':
        assert.equal(event.refusal, part.refusal)
        break
      case 'response.function_call_arguments.done':
        assert.deepEqual([event.arguments, event.name], [item.arguments, item.name])
        if (item.deltas !== true) assert.equal(event.arguments, '')
        delete item.deltas
        break
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.done':
        assert.deepEqual(event.part, part)
        break
      case 'response.output_item.done':
        assert.deepEqual(event.item, { ...item, status: event.item.status })
        done[event.output_index] = event.item
        break
      case 'error':
        break
      default:
        assert.fail(`unexpected event ${event.type}`)
    }
  }
  return done.filter(Boolean)
}

/** Check a list of input items. */
export function checkItems(list: any) {
  fitsVendor('responseItems', list)
  return list
}
