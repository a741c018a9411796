import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Store } from '../../../plugins/contracts/store.js'
import { boot, type Booted, jsonOf, textOf } from './boot.js'
import { checkItems, checkResponse, checkStream } from './check.js'

const ann = { authorization: 'Bearer key-a' }
const bob = { authorization: 'Bearer key-b' }

describe('kept responses over HTTP', () => {
  let it: Booted
  before(async () => {
    it = await boot({ agents: { defaults: { model: 'up/echo' }, list: [{ id: 'main' }, { id: 'ops' }] } })
  })
  after(() => it.close())
  const create = async (body: object, headers = {}) => checkResponse(await jsonOf(await it.post({ input: 'hello', ...body }, headers)))

  test('T-API-01 another credential’s response is as one that is not there', async () => {
    const { id, output } = await create({ user: 'ann' }, ann)
    assert.equal((await it.get(`/v1/responses/${id}`, ann)).status, 200)
    const strange = id.replace(/.{3}$/, 'fff')
    const asks: Record<string, (wanted: string) => Promise<Response>> = {
      get: (wanted) => it.get(`/v1/responses/${wanted}`, bob),
      items: (wanted) => it.get(`/v1/responses/${wanted}/input_items`, bob),
      delete: (wanted) => it.gateway.fetch(`/v1/responses/${wanted}`, { method: 'DELETE', headers: bob }),
      continue: (wanted) => it.post({ input: 'more', user: 'ann', previous_response_id: wanted }, bob),
    }
    for (const [name, ask] of Object.entries(asks)) {
      const [theirs, nobodys] = [await ask(id), await ask(strange)]
      assert.equal(theirs.status, 404, name)
      assert.deepEqual(
        JSON.parse((await theirs.text()).replaceAll(id, 'ID')),
        JSON.parse((await nobodys.text()).replaceAll(strange, 'ID')),
        name,
      )
    }
    const reference = {
      input: ['hello', output[0].id].map((text, i) => (i ? { type: 'item_reference', id: text } : { role: 'user', content: text })),
    }
    assert.equal((await it.post(reference, bob)).status, 400)
    assert.equal((await it.post(reference, ann)).status, 200)
    assert.equal((await it.get(`/v1/responses/${id}`, ann)).status, 200)
  })

  test('a response is continued with its agent and session key alone', async () => {
    const { id } = await create({}, { 'x-openclaw-agent-id': 'ops', 'x-openclaw-session-key': 'mine' })
    const go = async (headers: Record<string, string>) => (await it.post({ input: 'more', previous_response_id: id }, headers)).status
    assert.equal(await go({}), 404)
    assert.equal(await go({ 'x-openclaw-agent-id': 'ops' }), 404)
    assert.equal(await go({ 'x-openclaw-session-key': 'mine' }), 404)
    assert.equal(await go({ 'x-openclaw-agent-id': 'ops', 'x-openclaw-session-key': ' mine ' }), 200)
    assert.equal((await it.get(`/v1/responses/${id}`)).status, 200)
  })

  test('items are referred to by their ids', async () => {
    const { output } = await create({ model: 'up/thinker' })
    const input = [
      { role: 'user', content: 'hello' },
      ...output.map(({ id }: any) => ({ type: 'item_reference', id })),
      { role: 'user', content: 'and?' },
    ]
    assert.equal((await it.post({ model: 'up/echo', input })).status, 200)
    assert.deepEqual(it.sent().messages, [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Thought.' },
      { role: 'user', content: 'and?' },
    ])
    assert.equal((await it.post({ model: 'up/echo', input: [input[0], { id: output[1].id }, input.at(-1)] })).status, 200)
  })

  test('with store false nothing is kept', async () => {
    const { id, store, output } = await create({ store: false })
    assert.equal(store, false)
    assert.equal((await it.get(`/v1/responses/${id}`)).status, 404)
    assert.equal((await it.post({ input: 'more', previous_response_id: id })).status, 404)
    assert.equal(
      (
        await it.post({
          input: [
            { role: 'user', content: 'x' },
            { type: 'item_reference', id: output[0].id },
          ],
        })
      ).status,
      400,
    )
  })

  test('a stream that failed is not kept', async () => {
    const { response } = checkStream(await (await it.post({ model: 'up/cut', input: 'hello', stream: true })).text())
    assert.deepEqual([response.status, response.store], ['failed', false])
    assert.equal((await it.get(`/v1/responses/${response.id}`)).status, 404)
  })

  test('what was asked is the list of input items', async () => {
    const input = [
      { role: 'user', content: 'hello' },
      { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'sunny' }] },
      { role: 'assistant', content: 'It is sunny.' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'thanks' }], status: 'completed', extra: 1 },
    ]
    const { id } = await create({ input })
    const list = checkItems(await jsonOf(await it.get(`/v1/responses/${id}/input_items?order=asc`)))
    assert.deepEqual(
      list.data.map(({ type, status }: any) => [type, status]),
      ['message', 'function_call', 'function_call_output', 'message', 'message'].map((type) => [type, 'completed']),
    )
    assert.equal(list.has_more, false)
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'order=up', 'after=nothing']) {
      const reply = await it.get(`/v1/responses/${id}/input_items?${query}`)
      assert.deepEqual([reply.status, (await jsonOf(reply)).error.param], [400, query.split('=')[0]])
    }
    assert.equal((await it.get(`/v1/responses/${id}?stream=true`)).status, 400)
    assert.equal((await it.get(`/v1/responses/${id}?include[]=x`)).status, 200)
    assert.equal((await it.get('/v1/responses/%ff')).status, 400)
  })

  test('a lenient gateway begins anew where nothing is found', async () => {
    const lenient = await boot({ responses: { lenientPreviousResponse: true } })
    const reply = await lenient.post({ model: 'up/echo', input: 'hello', previous_response_id: 'resp_x' })
    assert.equal(checkResponse(await jsonOf(reply)).previous_response_id, null)
    assert.deepEqual(lenient.sent().messages, [{ role: 'user', content: 'hello' }])
    await lenient.close()
  })

  test('limits apply without a restart', async () => {
    const few = await boot({ responses: { retention: { entries: 1 } } })
    const [first, second] = [await jsonOf(await few.post({ input: 'a' })), await jsonOf(await few.post({ input: 'b' }))]
    assert.equal((await few.get(`/v1/responses/${first.id}`)).status, 404)
    await few.replace({ retention: { entries: 0 } })
    assert.equal((await jsonOf(await few.post({ input: 'c' }))).store, false)
    await few.replace({ retention: { entries: 2 } })
    assert.equal((await few.get(`/v1/responses/${second.id}`)).status, 200)
    await few.close()
  })

  test('T-STATE-01 what was acknowledged is there after a crash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'responses-'))
    const [state, copy] = [join(folder, 'state'), join(folder, 'copy')]
    const first = await boot({ state, runs: false })
    const whole = await jsonOf(await first.post({ model: 'up/echo', input: 'one' }))
    const stream = await first.post({ model: 'up/echo', input: 'two', previous_response_id: whole.id, stream: true })
    const { response } = checkStream(await stream.text())
    // The disk as it is at this moment, which is all that a killed process leaves.
    await cp(state, copy, { recursive: true })
    await first.close()
    const second = await boot({ state: copy, runs: false })
    const tokenless = { authorization: `Bearer ${second.gateway.token}` }
    assert.deepEqual(await jsonOf(await second.get(`/v1/responses/${whole.id}`, tokenless)), whole)
    assert.deepEqual(await jsonOf(await second.get(`/v1/responses/${response.id}`)), response)
    await second.post({ model: 'up/echo', input: 'three', previous_response_id: response.id })
    assert.equal(second.sent().messages.length, 5)
    await second.close()
    await rm(folder, { recursive: true })
  })

  test('without a store, responses are kept in memory, across reloads', async () => {
    const bare = await boot({ store: false })
    const first = await jsonOf(await bare.post({ model: 'up/echo', input: 'one' }))
    await bare.replace()
    const second = await jsonOf(await bare.post({ model: 'up/echo', input: 'two', previous_response_id: first.id }))
    assert.equal(textOf(second), 'You said: two')
    assert.equal(bare.sent().messages.length, 3)
    await bare.close()
  })

  test('a store that cannot be used does not cost the answer, but says that nothing is kept', async () => {
    const failed = () => Promise.reject(new GatewayError('store_failed', 'The disk is full.'))
    const nothing = { run: () => assert.fail(), get: () => undefined, all: () => [], iterate: () => assert.fail() }
    const opens: Store['open'][] = [failed, async () => ({ path: '', sql: () => nothing, write: failed })]
    for (const open of opens) {
      const broken = definePlugin({ api: 1, name: 'broken-store', provides: [Store], apply: (kernel) => kernel.provide(Store, { open }) })
      const full = await boot({ store: false, more: [broken] })
      assert.equal(checkResponse(await jsonOf(await full.post({ input: 'hello' }))).store, false)
      const { response } = checkStream(await (await full.post({ input: 'hello', stream: true })).text())
      assert.equal(response.store, false)
      const reply = await full.gateway.fetch('/v1/responses/resp_x', { method: 'DELETE' })
      assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '5'])
      await full.close()
    }
  })
})
