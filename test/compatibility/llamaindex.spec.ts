import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, place, placed, tides, untyped, weather } from './boot.js'

const asked = [{ role: 'user', content: 'hello' }]

describe('@llamaindex/openai', () => {
  let it: Booted
  let library: any
  let toolOf: (row: typeof weather) => any
  before(async () => {
    it = await boot()
    library = await untyped('@llamaindex/openai')
    const { FunctionTool } = await untyped('@llamaindex/core/tools')
    toolOf = (row) => FunctionTool.from(() => 'sunny', row)
  })
  after(() => it.close())

  const common = () => ({ apiKey: it.token, baseURL: it.baseURL, maxRetries: 0 })
  const chat = (model: string, more: object = {}) => new library.OpenAI({ ...common(), model, ...more })
  const responses = (model: string) => new library.OpenAIResponses({ ...common(), model })
  /** What came over the wire, piece by piece. */
  const streamed = async (model: any) => {
    const raw: any[] = []
    let text = ''
    for await (const piece of await model.chat({ messages: asked, stream: true })) {
      text += piece.delta
      raw.push(piece.raw)
    }
    assert.equal(text, 'You said: hello')
    return raw
  }
  const roundTrip = async (model: any) => {
    const { message } = await model.chat({ messages: asked, tools: [toolOf(weather)] })
    const [call] = message.options.toolCall
    assert.deepEqual([call.name, JSON.parse(call.input)], ['weather', { city: 'text' }])
    const toolResult = { id: call.id, result: 'sunny', isError: false }
    const result = { role: 'user', content: 'sunny', options: { toolResult } }
    const { message: last } = await model.chat({ messages: [...asked, message, result], tools: [toolOf(weather)] })
    return last.content
  }

  test('@llamaindex/openai: chat', async () => {
    const { message, raw } = await chat('up/echo').chat({ messages: asked })
    assert.deepEqual([message.content, message.role, raw.usage.completion_tokens], ['You said: hello', 'assistant', 7])
  })
  test('@llamaindex/openai: chat, streamed, with usage', async () => {
    const raw = await streamed(chat('up/echo', { additionalChatOptions: { stream_options: { include_usage: true } } }))
    assert.equal(raw.at(-1).usage.completion_tokens, 7)
  })
  test('@llamaindex/openai: chat, tools', async () => assert.equal(await roundTrip(chat('up/tools')), 'The tool says: sunny'))
  test('@llamaindex/openai: chat, parallel tools', async () => {
    const { message } = await chat('up/parallel-tools').chat({ messages: asked, tools: [toolOf(weather), toolOf(tides)] })
    assert.deepEqual(
      message.options.toolCall.map(({ name, input }: any) => [name, input]),
      [
        ['weather', '{"city":"text"}'],
        ['tides', '{"city":"text"}'],
      ],
    )
  })
  test('@llamaindex/openai: chat, structured output', async () => {
    const responseFormat = { type: 'json_schema', json_schema: { name: 'place', schema: place, strict: true } }
    const { message } = await chat('up/echo').chat({ messages: asked, responseFormat })
    assert.deepEqual(JSON.parse(message.content), placed)
  })
  test('@llamaindex/openai: embeddings', async () => {
    const embedder = new library.OpenAIEmbedding({ ...common(), model: 'up/text-embedding' })
    const vectors: number[][] = await embedder.getTextEmbeddings(['one', 'two'])
    assert.deepEqual(
      vectors.map(({ length }) => length),
      [8, 8],
    )
  })
  test('@llamaindex/openai: responses', async () => {
    const { message } = await responses('up/echo').chat({ messages: asked })
    assert.equal(message.content[0].text ?? message.content, 'You said: hello')
  })
  test('@llamaindex/openai: responses, streamed', async () => {
    let text = ''
    for await (const { raw, delta } of await responses('up/echo').chat({ messages: asked, stream: true })) {
      // It repeats its last delta with each event that brings no text.
      if (raw.type === 'response.output_text.delta') text += delta
    }
    assert.equal(text, 'You said: hello')
  })
  test('@llamaindex/openai: responses, tools', async () => {
    const content = await roundTrip(responses('up/tools'))
    assert.equal(content[0].text ?? content, 'The tool says: sunny')
  })
  test('@llamaindex/openai: wrong key', () =>
    assert.rejects(chat('up/echo', { apiKey: 'wrong' }).chat({ messages: asked }), { status: 401, code: 'invalid_api_key' }))
  test('@llamaindex/openai: unknown model', () =>
    assert.rejects(chat('up2/none').chat({ messages: asked }), { status: 404, code: 'model_not_found', param: 'model' }))
  // No test of abort: it takes no signal, and leaving its stream does not close the request.
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
