import { after, before, describe, test } from 'node:test'
import { type Chats, chats, testViolations } from './ai-sdk.js'
import { type Booted, boot, untyped } from './boot.js'

describe('ai with @ai-sdk/openai-compatible', () => {
  let it: Booted
  let chat: Chats
  let provider: any
  let stranger: any
  before(async () => {
    it = await boot()
    const { createOpenAICompatible } = await untyped('@ai-sdk/openai-compatible')
    const common = { name: 'openclaw', baseURL: it.baseURL, includeUsage: true, supportsStructuredOutputs: true }
    provider = createOpenAICompatible({ ...common, apiKey: it.token })
    stranger = createOpenAICompatible({ ...common, apiKey: 'wrong' })
    chat = await chats((id) => provider(id))
  })
  after(() => it.close())

  test('@ai-sdk/openai-compatible: chat', () => chat.whole())
  test('@ai-sdk/openai-compatible: chat, streamed, with usage', () => chat.streamed())
  test('@ai-sdk/openai-compatible: chat, tools', () => chat.tools())
  test('@ai-sdk/openai-compatible: chat, parallel tools', () => chat.parallel())
  test('@ai-sdk/openai-compatible: chat, structured output', () => chat.structured())
  test('@ai-sdk/openai-compatible: embeddings as numbers', () => chat.embeddings(provider.embeddingModel('up/text-embedding')))
  test('@ai-sdk/openai-compatible: wrong key', () => chat.fails(stranger('up/echo'), 401, 'invalid_api_key'))
  test('@ai-sdk/openai-compatible: unknown model', () => chat.fails(provider('up2/none'), 404, 'model_not_found'))
  test('@ai-sdk/openai-compatible: abort', () => chat.abort(it))
  testViolations(() => it)
})
