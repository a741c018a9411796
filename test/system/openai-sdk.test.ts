import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI, { AuthenticationError, NotFoundError } from 'openai'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { startUpstream, type Upstream } from '../support/upstream.js'

const key = 'sk-upstream-key-for-tests-only'
const messages = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }]
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
}

describe('the openai package, as it is, against the built gateway', () => {
  let upstream: Upstream
  let gateway: GatewayProcess
  let client: OpenAI

  before(async () => {
    upstream = await startUpstream({
      key,
      respond({ body }) {
        if (body?.messages?.at(-1)?.content === 'for ever') return { endless: true, chunkDelayMs: 5 }
        const last = body?.messages?.at(-1)
        if (last?.role === 'tool') return { text: `It is ${last.content}.` }
        if (body?.tools) return { toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }] }
        if (body?.response_format?.type === 'json_schema') return { text: '{"city":"Oslo"}' }
        return body ? { text: 'Hello from the model' } : undefined
      },
    })
    gateway = await startGatewayProcess(
      {
        models: {
          providers: { openai: { baseUrl: upstream.baseUrl, apiKey: { source: 'env', id: 'UPSTREAM_KEY' }, models: [{ id: 'gpt-5.4' }] } },
        },
      },
      { env: { UPSTREAM_KEY: key } },
    )
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 })
  })
  after(async () => {
    await gateway?.stop()
    await upstream?.close()
  })

  test('lists and retrieves models; the package sends openai%2Fgpt-5.4', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    assert.deepEqual(ids, ['local/guide', 'local/use-lite-en', 'openai/gpt-5.4'])
    const model = await client.models.retrieve('openai/gpt-5.4')
    assert.deepEqual([model.id, model.object, model.owned_by], ['openai/gpt-5.4', 'model', 'openai'])
    assert.equal((await gateway.fetch('/v1/models/openai%2Fgpt-5.4')).status, 200)
  })

  test('chats, whole and streamed with usage', async () => {
    const whole = await client.chat.completions.create({ model: 'openai/gpt-5.4', messages })
    assert.equal(whole.choices[0]?.message.content, 'Hello from the model')
    assert.equal(whole.choices[0]?.finish_reason, 'stop')
    assert.ok((whole.usage?.total_tokens ?? 0) > 0)
    const stream = client.chat.completions.stream({ model: 'gpt-5.4', messages, stream_options: { include_usage: true } })
    const final = await stream.finalChatCompletion()
    assert.equal(final.choices[0]?.message.content, 'Hello from the model')
    assert.ok((final.usage?.total_tokens ?? 0) > 0)
  })

  test('calls a function and answers with its result', async () => {
    const asked: string[] = []
    const run = client.chat.completions.runTools({
      model: 'openai/gpt-5.4',
      stream: true,
      messages,
      tools: [
        {
          ...weather,
          function: {
            ...weather.function,
            parse: JSON.parse,
            function({ city }: { city: string }) {
              asked.push(city)
              return 'snowing'
            },
          },
        },
      ],
    })
    assert.equal(await run.finalContent(), 'It is snowing.')
    assert.deepEqual(asked, ['Oslo'])
  })

  test('gets structured output by a JSON Schema', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
    const answer = await client.chat.completions.create({
      model: 'openai/gpt-5.4',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
    })
    assert.deepEqual(JSON.parse(answer.choices[0]?.message.content ?? ''), { city: 'Oslo' })
    assert.deepEqual(upstream.requests.at(-1)?.body.response_format.json_schema.schema, schema)
  })

  test('is told about a wrong key and an unknown model', async () => {
    const stranger = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'not-the-token', maxRetries: 0 })
    await assert.rejects(stranger.models.list(), (error) => error instanceof AuthenticationError && error.code === 'invalid_api_key')
    await assert.rejects(
      client.chat.completions.create({ model: 'openai/gpt-9', messages }),
      (error) => error instanceof NotFoundError && error.code === 'model_not_found' && error.param === 'model',
    )
  })

  test('aborts half-way, and the upstream sees it within 500 ms', async (t) => {
    const before = upstream.closedAt.length
    const stream = await client.chat.completions.create({
      model: 'openai/gpt-5.4',
      stream: true,
      messages: [{ role: 'user', content: 'for ever' }],
    })
    let deltas = 0
    let abortedAt = 0
    for await (const _chunk of stream) {
      if (++deltas < 5) continue
      abortedAt = performance.now()
      stream.controller.abort()
    }
    while (upstream.closedAt.length === before && performance.now() - abortedAt < 2_000) await new Promise((done) => setTimeout(done, 5))
    const tookMs = (upstream.closedAt.at(-1) ?? Number.POSITIVE_INFINITY) - abortedAt
    t.diagnostic(`${tookMs.toFixed(0)} ms`)
    assert.ok(tookMs < 500, `${tookMs} ms`)
  })

  test('nothing that went upstream was other than the vendor’s own types say', () => {
    assert.deepEqual(upstream.violations, [])
    assert.ok(upstream.requests.every(({ headers, path }) => path.endsWith('/models') || headers['authorization'] === `Bearer ${key}`))
  })
})
