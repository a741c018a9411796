import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, weather } from './boot.js'
import { goodList, recorded, textOf, usageAlone } from './recorded.js'

const messages = [{ role: 'user', content: 'hello' }]
const tools = [{ type: 'function', function: weather }]

describe('requests of Continue', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const client = recorded(() => it, { 'x-api-key': 'same', 'api-key': 'same' })

  test('Continue: list models', async () => goodList(await client.json('/models')))
  test('Continue: chat, streamed, with usage', async () => {
    const history = [{ role: 'user', content: 'hi' }, { role: 'assistant', content: ' ' }, ...messages]
    const stop = ['<fim>', '</s>', '```', '\n\n', '', 'END']
    const chunks = await client.stream({
      model: 'up/echo',
      messages: history,
      stream: true,
      max_tokens: 100,
      stop,
      stream_options: { include_usage: true },
    })
    assert.equal(textOf(chunks), 'You said: hello')
    usageAlone(chunks)
  })
  test('Continue: chat, tools', async () => {
    const chunks = await client.stream({ model: 'up/tools', messages, tools, parallel_tool_calls: false, stream: true })
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'tool_calls')
  })
  test('Continue: optional paths are answered as missing', async () => {
    for (const path of ['/completions', '/fim/completions', '/rerank']) await client.fails(path, { model: 'up/echo', prompt: 'a' }, 404)
  })
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
