import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChatRequest } from '../../../plugins/contracts/models.js'
import { chatBody } from '../../../plugins/provider-openai/chat-request.js'
import { dialectOf } from '../../../plugins/provider-openai/dialect.js'
import type { ModelEntry } from '../../../plugins/provider-openai/schema.js'
import { violationOf } from '../../support/vendor-schema.js'
import { failure, open, question, textOf } from './boot.js'

const full: ChatRequest = {
  stream: true,
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '' },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    { role: 'user', content: 'Well?' },
  ],
  tools: [
    { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { at: { type: 'string' } } }, strict: true },
    { name: 'wait' },
  ],
  toolChoice: { name: 'look' },
  parallelToolCalls: false,
  maxTokens: 50,
  temperature: 0.5,
  topP: 0.9,
  presencePenalty: 0.1,
  frequencyPenalty: -0.1,
  stop: ['a', 'b', 'c', 'd', 'e'],
  seed: 7,
  logitBias: { '50256': -100 },
  logprobs: true,
  topLogprobs: 2,
  responseFormat: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true },
  reasoningEffort: 'low',
  user: 'ann',
}
const sampling = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logit_bias', 'logprobs', 'top_logprobs', 'stop']

describe('provider-openai: the request', () => {
  test('carries everything that was asked for, in the vendor’s own types', async (t) => {
    const { chat, upstream, body } = await open(t)
    await chat('echo', full)
    assert.deepEqual(upstream.violations, [])
    const { messages, tools, ...rest } = body()
    assert.deepEqual(messages, full.messages)
    assert.deepEqual(tools, [
      { type: 'function', function: full.tools?.[0] },
      { type: 'function', function: { name: 'wait' } },
    ])
    assert.deepEqual(rest, {
      model: 'echo',
      stream: true,
      stream_options: { include_usage: true },
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      max_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 0.1,
      frequency_penalty: -0.1,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 2,
      stop: ['a', 'b', 'c', 'd'],
      seed: 7,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
      reasoning_effort: 'low',
      user: 'ann',
    })
  })

  test('says nothing that was not asked for', async (t) => {
    const { chat, body, upstream } = await open(t)
    await chat('echo', { stream: false, tools: [], toolChoice: 'auto', parallelToolCalls: true, stop: [], topLogprobs: 3 })
    assert.deepEqual(body(), { model: 'echo', messages: question.messages })
    assert.deepEqual(upstream.violations, [])
    const [request] = upstream.requests.filter(({ path }) => path === '/v1/chat/completions')
    assert.equal(request?.headers['authorization'], 'Bearer sk-test-0123456789abcdef')
    assert.equal(request?.headers['x-request-id'], 'request-1')
    assert.equal(request?.headers['content-type'], 'application/json')
  })

  test('images reach the model', async (t) => {
    const { chat } = await open(t)
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } }
    assert.equal(textOf(await chat('vision', { messages: [{ role: 'user', content: [image, image] }] })), 'Images seen: 2')
  })

  test('is fitted to what is configured for the model', async (t) => {
    const models = [
      {
        id: 'echo',
        maxTokens: 20,
        reasoning: true,
        compat: {
          supportsDeveloperRole: true,
          supportsUsageInStreaming: false,
          supportsStrictMode: false,
          supportsReasoningEffort: false,
          maxTokensField: 'max_completion_tokens',
        },
      },
      { id: 'plain', input: ['text'], reasoning: false, compat: { supportsTools: false } },
    ]
    const { chat, body, upstream } = await open(t, { entry: { models, anyModel: true } })
    await chat('echo', full)
    assert.equal(body().messages[0].role, 'developer')
    assert.equal(body().max_completion_tokens, 20)
    for (const field of ['max_tokens', 'stream_options', 'reasoning_effort']) assert.ok(!(field in body()), field)
    assert.ok(!('strict' in body().tools[0].function))
    assert.equal(body().temperature, 0.5)
    await chat('plain', { reasoningEffort: 'high' })
    assert.ok(!('reasoning_effort' in body()))
    assert.deepEqual(upstream.violations, [])
    const before = upstream.requests.length
    const { tools, messages } = full
    const noTools = await failure(chat('plain', { tools: tools ?? [] }))
    assert.deepEqual([noTools.code, noTools.param], ['unsupported_parameter', 'tools'])
    const noImages = await failure(chat('plain', { messages }))
    assert.deepEqual([noImages.code, noImages.param], ['invalid_value', 'messages'])
    assert.equal(upstream.requests.length, before)
  })

  test('at the vendor’s host reasoning models get their own fields, and no sampling', () => {
    const bodyFor = (id: string, entry?: Partial<ModelEntry>, more?: Partial<ChatRequest>) => {
      const body = JSON.parse(chatBody(id, { ...full, ...more }, dialectOf('api.openai.com', id, entry && { id, ...entry })))
      assert.equal(violationOf('chat', body), undefined)
      assert.equal(body.max_completion_tokens, 50)
      assert.ok(!('max_tokens' in body))
      return body
    }
    for (const id of ['o3-mini', 'gpt-5.4', 'gpt-5-mini']) {
      const body = bodyFor(id)
      assert.equal(body.messages[0].role, 'developer')
      assert.equal(body.reasoning_effort, 'low')
      for (const field of sampling) assert.ok(!(field in body), `${id} ${field}`)
    }
    for (const id of ['gpt-4.1', 'gpt-5-chat-latest']) {
      const body = bodyFor(id)
      assert.equal(body.messages[0].role, 'system')
      assert.ok(!('reasoning_effort' in body))
      for (const field of sampling) assert.ok(field in body, `${id} ${field}`)
    }
    assert.equal(bodyFor('gpt-4.1', { reasoning: true }).messages[0].role, 'developer')
    assert.equal(bodyFor('gpt-5.4', undefined, { reasoningEffort: 'none' }).temperature, 0.5)
  })
})
