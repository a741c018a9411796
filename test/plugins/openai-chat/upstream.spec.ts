import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, beforeEach, describe, mock, test } from 'node:test'
import OpenAI, { APIError } from 'openai'
import { createTestGateway, type TestGateway } from 'openclaw/testing'
import http from '../../../plugins/http/index.js'
import inference from '../../../plugins/inference/index.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import { startUpstream, type Upstream } from '../../support/upstream.js'
import { framesOf, jsonOf, until } from './boot.js'

const ask = [{ role: 'user' as const, content: 'hi' }]
const key = 'sk-upstream-canary-4f9a1c77'

describe('chat through the gateway to an OpenAI-compatible upstream', () => {
  let upstream: Upstream
  let gateway: TestGateway
  let client: OpenAI
  before(async () => {
    upstream = await startUpstream({ key })
    gateway = await createTestGateway({
      limits: { closeDrainMs: 100 },
      plugins: [
        http,
        models,
        { plugin: providerOpenai, config: { up: { baseUrl: upstream.baseUrl, apiKey: key, anyModel: true, models: [{ id: 'echo' }] } } },
        { plugin: inference, config: {} },
        { plugin: openaiChat, config: {} },
      ],
    })
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 })
  })
  after(async () => {
    await gateway.close()
    await upstream.close()
    assert.deepEqual(upstream.violations, [])
  })
  beforeEach(() => {
    upstream.requests.length = 0
    upstream.closedAt.length = 0
  })
  const post = (body: object, init: RequestInit = {}) =>
    gateway.fetch('/v1/chat/completions', { method: 'POST', body: JSON.stringify({ messages: ask, ...body }), ...init })

  test('whole, streamed, and with usage', async () => {
    const whole = await client.chat.completions.create({ model: 'up/echo', messages: ask })
    assert.equal(whole.choices[0]?.message.content, 'You said: hi')
    assert.ok((whole.usage?.total_tokens ?? 0) > 0)
    const stream = client.chat.completions.stream({ model: 'up/echo', messages: ask, stream_options: { include_usage: true } })
    assert.equal(await stream.finalContent(), 'You said: hi')
    assert.ok((await stream.totalUsage()).total_tokens > 0)
  })

  test('a chat makes no AbortController, whole or streamed', async () => {
    // Not with `fetch`, which makes some for itself.
    const wire = (stream: boolean) =>
      new Promise<string>((resolve, reject) => {
        const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
        const sent = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers }, async (res) => {
          let text = ''
          for await (const chunk of res) text += chunk
          resolve(text)
        })
        sent.on('error', reject)
        sent.end(JSON.stringify({ model: 'up/echo', messages: ask, stream }))
      })
    await wire(true)
    const real = globalThis.AbortController
    const made: string[] = []
    mock.method(AbortSignal, 'any', () => made.push('any'))
    mock.method(AbortSignal, 'timeout', () => made.push('timeout'))
    globalThis.AbortController = class extends real {
      constructor() {
        super()
        made.push(String(new Error('made').stack))
      }
    }
    try {
      assert.match(await wire(false), /You said/)
      assert.match(await wire(true), /\[DONE\]/)
    } finally {
      globalThis.AbortController = real
      mock.restoreAll()
    }
    assert.deepEqual(made, [])
  })

  test('tools, one and two at once', async () => {
    const tool = {
      type: 'function' as const,
      function: {
        name: 'look',
        description: 'Look something up',
        parameters: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] },
        parse: JSON.parse,
        function: ({ q }: { q: string }) => `found ${q}`,
      },
    }
    for (const model of ['up/tools', 'up/parallel-tools']) {
      const runner = client.chat.completions.runTools({ model, messages: ask, tools: [tool], stream: true })
      assert.equal(await runner.finalContent(), 'The tool says: found text')
    }
  })

  test('structured output and images', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'], additionalProperties: false }
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'x', schema, strict: true } }
    const parsed = await client.chat.completions.parse({ model: 'up/echo', messages: ask, response_format })
    assert.deepEqual(parsed.choices[0]?.message.parsed, { a: 1 })
    const url = 'data:image/png;base64,iVBORw0KGgoAAAAN'
    const seen = await client.chat.completions.create({
      model: 'up/vision',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what?' },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
    })
    assert.equal(seen.choices[0]?.message.content, 'Images seen: 1')
  })

  test('reasoning, length, filter', async () => {
    const reply = await jsonOf(await post({ model: 'up/thinker' }))
    assert.equal(reply.choices[0].message.reasoning_content, 'Let me think.')
    for (const [model, reason] of [
      ['long', 'length'],
      ['filtered', 'content_filter'],
    ]) {
      const frames = framesOf(await (await post({ model: `up/${model}`, stream: true })).text())
      assert.equal(frames.at(-2).choices[0].finish_reason, reason)
    }
  })

  for (const [model, status, code] of [
    ['bad-key', 403, 'upstream_auth_error'],
    ['status-404', 404, 'model_not_found'],
    ['overflow', 400, 'context_length_exceeded'],
    ['echo-key', 400, 'upstream_rejected'],
    ['status-500', 502, 'upstream_error'],
  ] as const)
    test(`T-API-06 upstream ${model}: ${status} ${code}, without key or address`, async () => {
      for (const stream of [false, true]) {
        const response = await post({ model: `up/${model}`, stream })
        const wire = await response.text()
        assert.equal(response.status, status)
        assert.equal(JSON.parse(wire).error.code, code)
        assert.ok(!wire.includes(key) && !wire.includes('127.0.0.1') && !wire.includes(String(upstream.port)), wire)
      }
      assert.ok(!JSON.stringify(gateway.log).includes(key))
    })

  for (const model of ['cut', 'truncated', 'bad-json'])
    test(`T-API-07 upstream ${model}: an error in the stream, 502 for a whole reply`, async () => {
      const frames = framesOf(await (await post({ model: `up/${model}`, stream: true })).text())
      assert.equal(frames.at(-1), '[DONE]')
      assert.match(frames.at(-2).error.code, /^upstream_(error|bad_response)$/)
      assert.ok(!JSON.stringify(frames).includes('"finish_reason":"'))
      await assert.rejects(
        async () => {
          for await (const _ of await client.chat.completions.create({ model: `up/${model}`, messages: ask, stream: true }));
        },
        (error) => error instanceof APIError && String(error.code).startsWith('upstream_'),
      )
      if (model !== 'truncated') assert.equal((await post({ model: `up/${model}` })).status, 502)
    })

  for (const [model, stream] of [
    ['endless', true],
    ['hang', true],
    ['hang', false],
  ] as const)
    test(`T-DOS-11 a client that leaves closes the upstream's socket, ${model} ${stream ? 'streamed' : 'whole'}`, async () => {
      const gone = new AbortController()
      const asked = post({ model: `up/${model}`, stream }, { signal: gone.signal })
      await until('the upstream is asked', () => upstream.requests.length === 1)
      if (model === 'endless') await (await asked).body?.getReader().read()
      const leftAt = performance.now()
      gone.abort()
      await asked.catch(() => undefined)
      await until('the upstream socket closes', () => upstream.closedAt.length === 1)
      assert.ok((upstream.closedAt[0] as number) - leftAt < 500)
    })
})
