import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, call, framesOf, jsonOf, refuses, says, stop, text, usage } from './boot.js'

const ask = [{ role: 'user' as const, content: 'hi' }]
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe('chat completions with the openai client', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      main: says([text('Hello '), text('there')], [stop], [usage]),
      tools: (request, context) =>
        request.messages.at(-1)?.role === 'tool'
          ? says([text(`It is ${request.messages.at(-1)?.content}.`), stop])(request, context)
          : says([call(0, 'weather', { city: 'Rome' })], [call(1, 'weather', { city: 'Oslo' })], [stop])(request, context),
      one: (request, context) =>
        request.messages.at(-1)?.role === 'tool'
          ? says([text('Sunny.'), stop])(request, context)
          : says([call(0, 'weather', { city: 'Rome' }), stop])(request, context),
      json: says([text('{"city":"Rome"}'), stop]),
      unicode: says([text('a\ud83d')], [text('\ude00b'), stop]),
    })
  })
  after(() => it.close())

  test('a reply, its headers, and what the provider was asked', async () => {
    const { data, response } = await it.client.chat.completions
      .create({ model: 'fake/main', messages: [{ role: 'developer', content: 'be kind' }, ...ask], temperature: 0.5 })
      .withResponse()
    assert.match(data.id, /^chatcmpl_[0-9a-f-]{36}$/)
    assert.equal(data.object, 'chat.completion')
    assert.ok(Math.abs(data.created - Date.now() / 1_000) < 5)
    assert.equal(data.model, 'fake/main')
    assert.deepEqual(data.choices, [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello there', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ])
    assert.deepEqual(data.usage, {
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 1 },
    })
    assert.match(response.headers.get('openai-processing-ms') ?? '', /^\d+$/)
    assert.equal(response.headers.get('x-openclaw-agent-id'), 'main')
    assert.equal(response.headers.get('x-openclaw-resolved-model'), 'fake/main')
    assert.equal(response.headers.get('x-request-id'), it.asked.at(-1)?.context.requestId)
    assert.deepEqual(it.asked.at(-1)?.request, {
      stream: false,
      temperature: 0.5,
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'hi' },
      ],
    })
  })

  test('a stream with usage', async () => {
    const body = { model: 'fake/main', messages: ask, stream: true as const, stream_options: { include_usage: true } }
    const chunks = []
    for await (const chunk of await it.client.chat.completions.create(body)) chunks.push(chunk)
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), 'Hello there')
    assert.deepEqual(
      chunks.map((chunk) => chunk.choices[0]?.finish_reason),
      [null, null, null, 'stop', undefined],
    )
    assert.equal(chunks.at(-1)?.usage?.total_tokens, 7)
    for (const field of ['id', 'created', 'model', 'object'] as const) assert.equal(new Set(chunks.map((chunk) => chunk[field])).size, 1)

    const response = await it.post(body)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(response.headers.get('x-openclaw-resolved-model'), 'fake/main')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const wire = await response.text()
    assert.ok(wire.endsWith('data: [DONE]\n\n'))
    assert.equal(framesOf(wire).length, chunks.length + 1)
  })

  test('the stream helper', async () => {
    const stream = it.client.chat.completions.stream({
      model: 'fake/main',
      messages: ask,
      stream_options: { include_usage: true },
    })
    assert.equal(await stream.finalContent(), 'Hello there')
    assert.equal((await stream.totalUsage()).total_tokens, 7)
  })

  const weather = {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
      parse: JSON.parse,
      function: ({ city }: { city: string }) => `sunny in ${city}`,
    },
  }

  for (const stream of [false, true])
    test(`runTools calls tools and goes on, ${stream ? 'streamed' : 'whole'}`, async () => {
      const body = { model: 'fake/one', messages: ask, tools: [weather] }
      const runner = stream ? it.client.chat.completions.runTools({ ...body, stream: true }) : it.client.chat.completions.runTools(body)
      assert.equal(await runner.finalContent(), 'Sunny.')
      const second = it.asked.at(-1)?.request
      assert.deepEqual(second?.messages.at(-1), { role: 'tool', tool_call_id: 'call_0', content: 'sunny in Rome' })
      assert.equal(second?.tools?.[0]?.name, 'weather')
    })

  test('parallel tool calls, streamed: contiguous, with ids of their own', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: weather.function.parameters } }]
    const stream = it.client.chat.completions.stream({ model: 'fake/tools', messages: ask, tools })
    const [first, second] = (await stream.finalMessage()).tool_calls ?? []
    assert.deepEqual([first?.id, second?.id], ['call_0', 'call_1'])
    assert.ok(first?.type === 'function' && second?.type === 'function')
    assert.deepEqual([first.function.arguments, second.function.arguments], ['{"city":"Rome"}', '{"city":"Oslo"}'])
    assert.equal((await stream.finalChatCompletion()).choices[0]?.finish_reason, 'tool_calls')
    const whole = await it.client.chat.completions.create({
      model: 'fake/tools',
      messages: ask,
      tools,
      parallel_tool_calls: false,
    })
    assert.equal(whole.choices[0]?.message.tool_calls?.length, 1)
    assert.equal(it.asked.at(-1)?.request.parallelToolCalls, false)
  })

  test('structured output is asked of the provider', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    const completion = await it.client.chat.completions.parse({
      model: 'fake/json',
      messages: ask,
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
    })
    assert.deepEqual(completion.choices[0]?.message.parsed, { city: 'Rome' })
    assert.deepEqual(it.asked.at(-1)?.request.responseFormat, { type: 'json_schema', name: 'place', schema, strict: true })
  })

  test('an image goes to the provider', async () => {
    const content = [
      { type: 'text' as const, text: 'what is this?' },
      { type: 'image_url' as const, image_url: { url: pixel, detail: 'low' as const } },
    ]
    await it.client.chat.completions.create({ model: 'fake/main', messages: [{ role: 'user', content }] })
    assert.deepEqual(it.asked.at(-1)?.request.messages, [{ role: 'user', content }])
  })

  test('a character that the provider splits arrives whole', async () => {
    const wire = await (await it.post({ model: 'fake/unicode', messages: ask, stream: true })).text()
    const pieces = framesOf(wire).flatMap((frame) => frame.choices?.[0]?.delta.content || [])
    assert.deepEqual(pieces, ['a', '😀b'])
  })
})

describe('chat models and agents', () => {
  const down = refuses('upstream_unavailable')
  const chain = (...fallbacks: string[]) => ({
    agents: { defaults: { model: { primary: 'fake/main', fallbacks: fallbacks.map((id) => `fake/${id}`) } } },
  })
  const withGateway = async (
    scripts: Parameters<typeof boot>[0],
    options: Parameters<typeof boot>[1],
    run: (it: Booted) => Promise<void>,
  ) => {
    const it = await boot(scripts, options)
    try {
      await run(it)
    } finally {
      await it.close()
    }
  }

  test('without a model, the default agent answers and the reply says which model that was', () =>
    withGateway({ main: says([text('a'), stop]) }, {}, async (it) => {
      assert.equal((await jsonOf(await it.post({ messages: ask }))).model, 'fake/main')
      const alias = await it.post({ model: 'OpenClaw', messages: ask })
      assert.equal((await jsonOf(alias)).model, 'OpenClaw')
      assert.equal(alias.headers.get('x-openclaw-resolved-model'), 'fake/main')
    }))

  for (const stream of [false, true])
    test(`T-API-02 fallbacks are tried in order and named in the answer, ${stream ? 'streamed' : 'whole'}`, () =>
      withGateway({ main: down, b: refuses('upstream_rate_limited'), c: says([text('c'), stop]) }, chain('b', 'c'), async (it) => {
        const response = await it.post({ messages: ask, stream })
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('x-openclaw-resolved-model'), 'fake/c')
        const body = await response.text()
        assert.equal((stream ? framesOf(body)[0] : JSON.parse(body)).model, 'fake/c')
        assert.deepEqual(
          it.asked.map(({ model }) => model),
          ['main', 'b', 'c'],
        )
      }))

  test('the last failure is the answer when no fallback works', () =>
    withGateway({ main: down, b: refuses('upstream_rate_limited', 'slow down', { retryAfterS: 9 }) }, chain('b'), async (it) => {
      const response = await it.post({ messages: ask })
      assert.equal(response.status, 429)
      assert.equal(response.headers.get('retry-after'), '9')
    }))

  test('no fallback for a failure that another model would repeat, nor for a named model', () =>
    withGateway({ main: refuses('upstream_rejected'), b: says([text('b'), stop]), down }, chain('b'), async (it) => {
      assert.equal((await it.post({ messages: ask })).status, 400)
      assert.equal((await it.post({ model: 'fake/down', messages: ask })).status, 502)
      assert.deepEqual(
        it.asked.map(({ model }) => model),
        ['main', 'down'],
      )
    }))

  test('no fallback once the stream has begun', () =>
    withGateway(
      {
        main: async () =>
          (async function* () {
            yield [text('a')]
            await down({} as never, {} as never)
          })(),
        b: says([text('b'), stop]),
      },
      chain('b'),
      async (it) => {
        const frames = framesOf(await (await it.post({ messages: ask, stream: true })).text())
        assert.deepEqual(
          it.asked.map(({ model }) => model),
          ['main'],
        )
        assert.equal(frames.at(-2).error.code, 'upstream_unavailable')
      },
    ))

  test('a session key is refused until somebody keeps sessions', () =>
    withGateway({ main: says([stop]) }, {}, async (it) => {
      const response = await it.post({ messages: ask }, { headers: { 'x-openclaw-session-key': 'k' } })
      assert.equal(response.status, 400)
      const { error } = await jsonOf(response)
      assert.deepEqual([error.code, error.param], ['unsupported_parameter', 'x-openclaw-session-key'])
      assert.match(error.message, /sessions/)
    }))
})
