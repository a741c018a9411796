import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, weather } from './boot.js'
import { goodList, recorded, textOf, usageAlone } from './recorded.js'

const messages = [{ role: 'user', content: 'hello' }]

describe('requests of Open WebUI', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const client = recorded(() => it, { 'x-openwebui-user-name': 'Ann', 'x-openwebui-chat-id': 'chat-1' })

  test('Open WebUI: list models', async () => goodList(await client.json('/models')))
  test('Open WebUI: chat', async () => {
    const title = { model: 'up/echo', messages, stream: false, max_completion_tokens: 1000, chat_id: 'chat-1', metadata: { task: 'title' } }
    assert.equal((await client.json('/chat/completions', title)).choices[0].message.content, 'You said: hello')
  })
  test('Open WebUI: chat, streamed, with usage', async () => {
    const extra = { session_id: 's', chat_id: 'c', id: 'i', features: {}, variables: {}, background_tasks: { title_generation: true } }
    const chunks = await client.stream({ model: 'up/echo', messages, stream: true, stream_options: { include_usage: true }, ...extra })
    assert.equal(textOf(chunks), 'You said: hello')
    usageAlone(chunks)
  })
  test('Open WebUI: embeddings as numbers', async () => {
    const { data } = await client.json('/embeddings', { model: 'up/text-embedding', input: ['one', 'two'] })
    assert.ok(data.length === 2 && data[1].embedding.every(Number.isFinite))
  })
  test('Open WebUI: responses, tools', async () => {
    const input = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'weather?' }] },
      { type: 'reasoning', id: 'rs_1', summary: [], content: [], duration: 3, started_at: 1, status: 'completed' },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
    ]
    const flat = [{ type: 'function', ...weather }]
    const body = { model: 'up/tools', instructions: 'Be brief.', input, tools: flat, stream: false, chat_id: 'c' }
    const { output } = await client.json('/responses', body)
    assert.equal(output.at(-1).content[0].text, 'The tool says: sunny')
  })
  test('Open WebUI: unknown model', () =>
    client.fails('/chat/completions', { model: 'up2/none', messages, stream: true }, 404, 'model_not_found'))
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
