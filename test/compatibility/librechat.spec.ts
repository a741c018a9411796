import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, weather } from './boot.js'
import { goodList, recorded, textOf, usageAlone } from './recorded.js'

const messages = [{ role: 'user', content: 'hello' }]
const tools = [{ type: 'function', function: weather }]

describe('requests of LibreChat', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const client = recorded(() => it)

  test('LibreChat: list models', async () => goodList(await client.json('/models?user=64f0')))
  test('LibreChat: chat, streamed, with usage', async () => {
    const chunks = await client.stream({ model: 'up/echo', messages, stream: true, stream_options: { include_usage: true }, user: '64f0' })
    assert.equal(textOf(chunks), 'You said: hello')
    usageAlone(chunks)
  })
  test('LibreChat: chat, tools', async () => {
    const { choices } = await client.json('/chat/completions', { model: 'up/tools', messages, tools, stream: false })
    assert.equal(choices[0].message.tool_calls[0].function.name, 'weather')
  })
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
