import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, weather } from './boot.js'
import { goodList, recorded, textOf, usageAlone } from './recorded.js'

const messages = [{ role: 'user', content: 'hello' }]
const tools = [{ type: 'function', function: weather }]

describe('requests of LobeChat', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const client = recorded(() => it, { accept: '*/*' })

  test('LobeChat: list models', async () => goodList(await client.json('/models')))
  const common = {
    model: 'up/echo',
    messages,
    user: 'user-1',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 1,
    top_p: 1,
  }
  test('LobeChat: chat, streamed, with usage', async () => {
    const chunks = await client.stream(common)
    assert.equal(textOf(chunks), 'You said: hello')
    usageAlone(chunks)
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop')
  })
  test('LobeChat: chat, tools', async () => {
    const chunks = await client.stream({ ...common, model: 'up/tools', tools })
    const [first] = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
    assert.deepEqual([first.index, first.type, first.function.name, typeof first.id], [0, 'function', 'weather', 'string'])
  })
  test('LobeChat: embeddings as numbers', async () => {
    const body = { model: 'up/text-embedding', input: ['one'], encoding_format: 'float', user: 'user-1', dimensions: 4 }
    assert.equal((await client.json('/embeddings', body)).data[0].embedding.length, 4)
  })
  test('LobeChat: responses', async () => {
    const body = { model: 'up/echo', input: messages, store: false, reasoning: { effort: 'low', summary: 'auto' }, user: 'user-1' }
    assert.equal((await client.json('/responses', body)).output.at(-1).content[0].text, 'You said: hello')
  })
  test('LobeChat: wrong key', async () => {
    const stranger = recorded(() => it, { authorization: 'Bearer wrong' })
    await stranger.fails('/chat/completions', common, 401, 'invalid_api_key')
  })
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
