import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI, { APIError, NotFoundError } from 'openai'
import { boot, type Booted, textOf, weather } from './boot.js'
import { checkItems, checkResponse } from './check.js'

/** Does what the conversation asks for: a call, or a sentence about what it was told. */
function respond({ body }: any) {
  if (body?.model !== 'script') return undefined
  const last = body.messages.at(-1)
  if (last.role === 'tool') return { text: `It is ${last.content}.` }
  if (last.content === 'weather?') return { toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }] }
  return { text: `${body.messages.length} messages`, reasoning: 'Counting.' }
}

describe('responses with the openai package', () => {
  let it: Booted
  let client: OpenAI
  before(async () => {
    it = await boot({ respond })
    client = it.client
  })
  after(() => it.close())

  test('an answer as a whole', async () => {
    const { _request_id, output_text, ...response } = await client.responses.create({ model: 'up/echo', input: 'hello' })
    checkResponse(response)
    assert.equal(output_text, 'You said: hello')
    assert.equal(response.model, 'up/echo')
    assert.ok(_request_id)
    assert.deepEqual(it.sent().messages, [{ role: 'user', content: 'hello' }])
  })

  test('an answer as a stream, with the text put together from deltas', async () => {
    const stream = client.responses.stream({ model: 'up/script', input: 'hello' })
    let text = ''
    let thought = ''
    stream.on('response.output_text.delta', ({ delta }) => (text += delta))
    stream.on('response.reasoning_summary_text.delta', ({ delta }) => (thought += delta))
    const response = await stream.finalResponse()
    assert.deepEqual([text, thought], ['1 messages', 'Counting.'])
    assert.equal(response.output_text, text)
    assert.equal(response.status, 'completed')
    assert.ok((response.usage?.total_tokens ?? 0) > 0)
  })

  test('plain iteration ends with the terminal event', async () => {
    const types: string[] = []
    for await (const event of await client.responses.create({ model: 'up/echo', input: 'hello', stream: true })) types.push(event.type)
    assert.deepEqual([types[0], types.at(-1)], ['response.created', 'response.completed'])
  })

  test('tools: the call comes back, and its output is answered, with the items resent', async () => {
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'weather?' }]
    const first = await client.responses.create({ model: 'up/script', input, tools: [weather] })
    assert.equal(first.status, 'completed')
    const [call] = first.output
    assert.ok(call?.type === 'function_call')
    assert.deepEqual([call.name, JSON.parse(call.arguments)], ['weather', { city: 'Oslo' }])
    assert.deepEqual(it.sent().tools[0].function.parameters, weather.parameters)
    const output = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }
    const second = await client.responses.create({ model: 'up/script', input: [...input, call, output], tools: [weather] })
    assert.equal(second.output_text, 'It is sunny.')
  })

  test('tools as a stream', async () => {
    const stream = client.responses.stream({ model: 'up/script', input: 'weather?', tools: [weather] })
    let args = ''
    stream.on('response.function_call_arguments.delta', ({ delta }) => (args += delta))
    const [call] = (await stream.finalResponse()).output
    assert.ok(call?.type === 'function_call')
    assert.equal(args, '{"city":"Oslo"}')
    assert.deepEqual((call as any).parsed_arguments ?? JSON.parse(call.arguments), { city: 'Oslo' })
  })

  test('parallel calls are all there', async () => {
    const tools = [weather, { ...weather, name: 'tides' }]
    const response = await client.responses.create({ model: 'up/parallel-tools', input: 'both?', tools })
    assert.deepEqual(
      response.output.map((item) => item.type === 'function_call' && item.name),
      ['weather', 'tides'],
    )
  })

  test('a chain of three by previous_response_id, with a tool output in the middle', async () => {
    const first = await client.responses.create({ model: 'up/script', input: 'weather?', tools: [weather], instructions: 'Be brief.' })
    const second = await client.responses.create({
      model: 'up/script',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: 'rainy' }],
    })
    assert.equal(second.output_text, 'It is rainy.')
    assert.equal(second.previous_response_id, first.id)
    const stream = client.responses.stream({ model: 'up/script', previous_response_id: second.id, input: 'And now?' })
    const third = await stream.finalResponse()
    assert.equal(third.output_text, '5 messages')
    assert.deepEqual(it.sent().messages, [
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'rainy' },
      { role: 'assistant', content: 'It is rainy.' },
      { role: 'user', content: 'And now?' },
    ])
  })

  test('one response may be continued twice', async () => {
    const first = await client.responses.create({ model: 'up/script', input: 'one' })
    for (const input of ['left', 'right']) {
      const fork = await client.responses.create({ model: 'up/script', previous_response_id: first.id, input })
      assert.equal(fork.output_text, '3 messages')
    }
  })

  test('retrieve, list the input, delete', async () => {
    const input: OpenAI.Responses.ResponseInput = [
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
    ]
    const { output_text: _text, _request_id, ...created } = await client.responses.create({ model: 'up/echo', input, metadata: { a: 'b' } })
    const { output_text: text, _request_id: _id, ...found } = await client.responses.retrieve(created.id)
    assert.deepEqual(found, created)
    assert.equal(text, 'You said: hello')
    const items = await client.responses.inputItems.list(created.id, { order: 'asc' })
    assert.deepEqual(
      items.data.map((item: any) => [item.role, item.content[0].text]),
      [
        ['developer', 'Be kind.'],
        ['user', 'hello'],
      ],
    )
    await client.responses.delete(created.id)
    await assert.rejects(client.responses.retrieve(created.id), (error: unknown) => {
      assert.ok(error instanceof NotFoundError)
      assert.equal(error.code, 'response_not_found')
      return true
    })
    await assert.rejects(client.responses.delete(created.id), NotFoundError)
    await assert.rejects(client.responses.create({ previous_response_id: created.id, input: 'more' }), (error: unknown) => {
      assert.ok(error instanceof NotFoundError)
      assert.deepEqual([error.code, error.param], ['previous_response_not_found', 'previous_response_id'])
      return true
    })
  })

  test('the package turns the pages of the input', async () => {
    const input = Array.from({ length: 7 }, (_, i) => ({ role: 'user' as const, content: `line ${i}` }))
    const { id } = await client.responses.create({ model: 'up/echo', input })
    const seen: string[] = []
    for await (const item of client.responses.inputItems.list(id, { limit: 3 })) seen.push((item as any).content[0].text)
    assert.deepEqual(seen, input.map(({ content }) => content).reverse())
    checkItems(await (await it.get(`/v1/responses/${id}/input_items?limit=3`)).json())
  })

  test('structured output is parsed', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
    const format = { type: 'json_schema' as const, name: 'place', schema, strict: true }
    const response = await client.responses.parse({ model: 'up/echo', input: 'where?', text: { format } })
    assert.deepEqual(JSON.parse(response.output_text), { city: 'text' })
    assert.deepEqual(it.sent().response_format, { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } })
    assert.deepEqual(response.text, { format })
  })

  test('a stream that breaks off is raised as an error', async () => {
    const stream = await client.responses.create({ model: 'up/cut', input: 'hello', stream: true })
    let text = ''
    await assert.rejects(
      async () => {
        for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
      },
      (error: unknown) => {
        assert.ok(error instanceof APIError)
        assert.equal(error.code, 'upstream_error')
        return true
      },
    )
    assert.notEqual(text, '')
    await assert.rejects(client.responses.stream({ model: 'up/cut', input: 'hello' }).finalResponse(), APIError)
  })

  test('a cut answer is incomplete', async () => {
    const response = await client.responses.stream({ model: 'up/long', input: 'hello' }).finalResponse()
    assert.deepEqual([response.status, response.incomplete_details?.reason], ['incomplete', 'max_output_tokens'])
    assert.equal(textOf(response), 'and so on')
  })

  test('what the provider was sent fits the vendor’s own types', () => {
    assert.deepEqual(it.upstream.violations, [])
  })
})
