import { after, before, describe, test } from 'node:test'
import { type Chats, chats, testViolations } from './ai-sdk.js'
import { type Booted, boot, untyped } from './boot.js'

describe('ai with @ai-sdk/openai', () => {
  let it: Booted
  let chat: Chats
  let responses: Chats
  let provider: any
  let stranger: any
  before(async () => {
    it = await boot()
    const { createOpenAI } = await untyped('@ai-sdk/openai')
    provider = createOpenAI({ baseURL: it.baseURL, apiKey: it.token })
    stranger = createOpenAI({ baseURL: it.baseURL, apiKey: 'wrong' })
    chat = await chats((id) => provider.chat(id))
    responses = await chats((id) => provider.responses(id))
  })
  after(() => it.close())

  test('@ai-sdk/openai: chat', () => chat.whole())
  test('@ai-sdk/openai: chat, streamed, with usage', () => chat.streamed())
  test('@ai-sdk/openai: chat, tools', () => chat.tools())
  test('@ai-sdk/openai: chat, parallel tools', () => chat.parallel())
  test('@ai-sdk/openai: chat, structured output', () => chat.structured())
  test('@ai-sdk/openai: embeddings as numbers', () => chat.embeddings(provider.embedding('up/text-embedding')))
  test('@ai-sdk/openai: responses', () => responses.whole())
  test('@ai-sdk/openai: responses, streamed', () => responses.streamed())
  test('@ai-sdk/openai: responses, tools', () => responses.tools())
  test('@ai-sdk/openai: responses, structured output', () => responses.structured())
  test('@ai-sdk/openai: wrong key', () => chat.fails(stranger.chat('up/echo'), 401, 'invalid_api_key'))
  test('@ai-sdk/openai: unknown model', () => responses.fails(provider('up2/none'), 404, 'model_not_found'))
  test('@ai-sdk/openai: abort', () => responses.abort(it))
  testViolations(() => it)
})
