import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, place, placed, tides, untyped, weather } from './boot.js'

const nested = (row: typeof weather) => ({ type: 'function', function: row })

describe('@langchain/openai', () => {
  let it: Booted
  let chat: (id: string, more?: object) => any
  let messages: any
  let library: any
  let configuration: { baseURL: string }
  before(async () => {
    it = await boot()
    configuration = { baseURL: it.baseURL }
    library = await untyped('@langchain/openai')
    messages = await untyped('@langchain/core/messages')
    chat = (model, more = {}) => new library.ChatOpenAI({ model, apiKey: it.token, maxRetries: 0, configuration, ...more })
  })
  after(() => it.close())

  const responses = (id: string) => chat(id, { useResponsesApi: true })
  const streamed = async (model: any) => {
    let whole: any
    for await (const piece of await model.stream('hello')) whole = whole === undefined ? piece : whole.concat(piece)
    assert.equal(whole.text, 'You said: hello')
    assert.equal(whole.usage_metadata.output_tokens, 7)
  }
  /** The call, then the answer to its result. */
  const roundTrip = async (model: any) => {
    const bound = model.bindTools([nested(weather)])
    const asked = new messages.HumanMessage('weather?')
    const first = await bound.invoke([asked])
    const [call] = first.tool_calls
    assert.deepEqual([call.name, call.args], ['weather', { city: 'text' }])
    const last = await bound.invoke([asked, first, new messages.ToolMessage({ content: 'sunny', tool_call_id: call.id })])
    assert.equal(last.text, 'The tool says: sunny')
  }
  const structured = async (model: any) => {
    const options = { name: 'place', method: 'jsonSchema', strict: true }
    assert.deepEqual(await model.withStructuredOutput(place, options).invoke('where?'), placed)
  }

  test('@langchain/openai: chat', async () => {
    const answer = await chat('up/echo').invoke('hello')
    assert.deepEqual([answer.text, answer.response_metadata.finish_reason], ['You said: hello', 'stop'])
    assert.equal(answer.usage_metadata.output_tokens, 7)
  })
  test('@langchain/openai: chat, streamed, with usage', () => streamed(chat('up/echo')))
  test('@langchain/openai: chat, tools', () => roundTrip(chat('up/tools')))
  test('@langchain/openai: chat, parallel tools', async () => {
    let whole: any
    const bound = chat('up/parallel-tools').bindTools([nested(weather), nested(tides)])
    for await (const piece of await bound.stream('both?')) whole = whole === undefined ? piece : whole.concat(piece)
    assert.deepEqual(
      whole.tool_calls.map(({ name, args }: any) => [name, args]),
      [
        ['weather', { city: 'text' }],
        ['tides', { city: 'text' }],
      ],
    )
  })
  test('@langchain/openai: chat, structured output', () => structured(chat('up/echo')))

  const embeddings = async (more: object) => {
    const embedder = new library.OpenAIEmbeddings({ model: 'up/text-embedding', apiKey: it.token, maxRetries: 0, configuration, ...more })
    const vectors: number[][] = await embedder.embedDocuments(['one', 'two'])
    assert.deepEqual(
      vectors.map(({ length }) => length),
      [8, 8],
    )
    assert.notDeepEqual(vectors[0], vectors[1])
  }
  test('@langchain/openai: embeddings', () => embeddings({}))
  test('@langchain/openai: embeddings as numbers', () => embeddings({ encodingFormat: 'float' }))

  test('@langchain/openai: responses', async () => assert.equal((await responses('up/echo').invoke('hello')).text, 'You said: hello'))
  test('@langchain/openai: responses, streamed', () => streamed(responses('up/echo')))
  test('@langchain/openai: responses, tools', () => roundTrip(responses('up/tools')))
  test('@langchain/openai: responses, structured output', () => structured(responses('up/echo')))

  test('@langchain/openai: wrong key', () => assert.rejects(chat('up/echo', { apiKey: 'wrong' }).invoke('hello'), { status: 401 }))
  test('@langchain/openai: unknown model', () =>
    assert.rejects(chat('up2/none').invoke('hello'), { status: 404, code: 'model_not_found', param: 'model' }))
  test('@langchain/openai: abort', async () => {
    const abort = new AbortController()
    const read = async () => {
      for await (const _piece of await chat('up/endless').stream('hello', { signal: abort.signal })) abort.abort()
    }
    await assert.rejects(read(), /abort/i)
    await it.aborted()
  })
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
