import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Booted, boot, weather } from './boot.js'
import { goodList, recorded, textOf, usageAlone } from './recorded.js'

const messages = [{ role: 'user', content: 'hello' }]
const tools = [{ type: 'function', function: weather }]

describe('requests of n8n', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const client = recorded(() => it)

  test('n8n: list models', async () => goodList(await client.json('/models')))
  test('n8n: chat, tools', async () => {
    const { choices } = await client.json('/chat/completions', { model: 'up/tools', messages, tools, stream: false, temperature: 0.7 })
    assert.equal(choices[0].message.tool_calls[0].function.name, 'weather')
  })
  test('n8n: chat, streamed, with usage', async () => {
    const chunks = await client.stream({ model: 'up/echo', messages, stream: true, stream_options: { include_usage: true } })
    assert.equal(textOf(chunks), 'You said: hello')
    usageAlone(chunks)
  })
  test('n8n: responses', async () => {
    const { output } = await client.json('/responses', { model: 'up/echo', input: messages, stream: false, text: {} })
    assert.equal(output.at(-1).content[0].text, 'You said: hello')
  })
  test('n8n: wrong key', () => recorded(() => it, { authorization: 'Bearer wrong' }).fails('/models', undefined, 401, 'invalid_api_key'))
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it.upstream.violations, []))
})
