import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI, { AuthenticationError, NotFoundError } from 'openai'
import { type Booted, boot, place, placed, tides, weather } from './boot.js'

const messages = [{ role: 'user' as const, content: 'hello' }]
const flat = (row: typeof weather) => ({ type: 'function' as const, strict: true, ...row })
const nested = (row: typeof weather) => ({ type: 'function' as const, function: row })

describe('openai', () => {
  let it: Booted
  let client: OpenAI
  before(async () => {
    it = await boot()
    client = new OpenAI({ baseURL: it.baseURL, apiKey: it.token, maxRetries: 0 })
  })
  after(() => it.close())

  test('openai: list models', async () => {
    const listed = []
    for await (const { id } of client.models.list()) listed.push(id)
    assert.ok(listed.includes('up/echo') && listed.includes('up/text-embedding'))
  })

  test('openai: retrieve a model', async () => assert.equal((await client.models.retrieve('up/echo')).id, 'up/echo'))

  test('openai: chat', async () => {
    const answer = await client.chat.completions.create({ model: 'up/echo', messages })
    assert.equal(answer.choices[0]?.message.content, 'You said: hello')
    assert.ok((answer.usage?.total_tokens ?? 0) > 0)
  })

  test('openai: chat, streamed, with usage', async () => {
    const stream = client.chat.completions.stream({ model: 'up/echo', messages, stream_options: { include_usage: true } })
    const answer = await stream.finalChatCompletion()
    assert.equal(answer.choices[0]?.message.content, 'You said: hello')
    assert.equal(answer.usage?.completion_tokens, 7)
  })

  test('openai: chat, tools', async () => {
    const tool = { ...nested(weather), function: { ...weather, parse: JSON.parse, function: () => 'sunny' } }
    const run = client.chat.completions.runTools({ model: 'up/tools', stream: true, messages, tools: [tool] })
    assert.equal(await run.finalContent(), 'The tool says: sunny')
  })

  test('openai: chat, parallel tools', async () => {
    const tools = [nested(weather), nested(tides)]
    const stream = client.chat.completions.stream({ model: 'up/parallel-tools', messages, tools })
    const { choices } = await stream.finalChatCompletion()
    const calls = choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && [call.function.name, call.function.arguments])
    assert.deepEqual(calls, [
      ['weather', '{"city":"text"}'],
      ['tides', '{"city":"text"}'],
    ])
  })

  test('openai: chat, structured output', async () => {
    const format = { type: 'json_schema' as const, json_schema: { name: 'place', schema: place, strict: true } }
    const answer = await client.chat.completions.parse({ model: 'up/echo', messages, response_format: format })
    assert.deepEqual(answer.choices[0]?.message.parsed, placed)
  })

  test('openai: embeddings', async () => {
    const { data } = await client.embeddings.create({ model: 'up/text-embedding', input: ['one', 'two'] })
    assert.deepEqual(
      data.map(({ embedding }) => embedding.length),
      [8, 8],
    )
    assert.notDeepEqual(data[0]?.embedding, data[1]?.embedding)
  })

  test('openai: embeddings as numbers', async () => {
    const ask = (format?: 'float') =>
      client.embeddings.create({ model: 'up/text-embedding', input: 'one', ...(format && { encoding_format: format }) })
    const [coded, plain] = await Promise.all([ask(), ask('float')])
    assert.deepEqual(Float32Array.from(plain.data[0]?.embedding ?? []), Float32Array.from(coded.data[0]?.embedding ?? []))
  })

  test('openai: responses', async () => {
    const answer = await client.responses.create({ model: 'up/echo', input: 'hello' })
    assert.deepEqual([answer.status, answer.output_text], ['completed', 'You said: hello'])
  })

  test('openai: responses, streamed', async () => {
    const stream = client.responses.stream({ model: 'up/echo', input: 'hello' })
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => (text += delta))
    const answer = await stream.finalResponse()
    assert.equal(text, 'You said: hello')
    assert.equal(answer.usage?.output_tokens, 7)
  })

  test('openai: responses, tools', async () => {
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'weather?' }]
    const [call] = (await client.responses.create({ model: 'up/tools', input, tools: [flat(weather)] })).output
    assert.ok(call?.type === 'function_call')
    const output = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }
    const answer = await client.responses.create({ model: 'up/tools', input: [...input, call, output], tools: [flat(weather)] })
    assert.equal(answer.output_text, 'The tool says: sunny')
  })

  test('openai: responses, structured output', async () => {
    const text = { format: { type: 'json_schema' as const, name: 'place', schema: place, strict: true } }
    const answer = await client.responses.parse({ model: 'up/echo', input: 'where?', text })
    assert.deepEqual(answer.output_parsed, placed)
  })

  test('openai: wrong key', async () => {
    const stranger = new OpenAI({ baseURL: it.baseURL, apiKey: 'wrong', maxRetries: 0 })
    const known = (error: unknown) => error instanceof AuthenticationError && error.code === 'invalid_api_key'
    await assert.rejects(stranger.chat.completions.create({ model: 'up/echo', messages }), known)
  })

  test('openai: unknown model', async () => {
    const known = (error: unknown) => error instanceof NotFoundError && error.code === 'model_not_found' && error.param === 'model'
    await assert.rejects(client.chat.completions.create({ model: 'up2/none', messages }), known)
  })

  test('openai: abort', async () => {
    const stream = await client.chat.completions.create({ model: 'up/endless', messages, stream: true })
    for await (const _chunk of stream) stream.controller.abort()
    await it.aborted()
  })

  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
