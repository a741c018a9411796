import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { failure, open, textOf } from './boot.js'

const usage = { type: 'usage', usage: { promptTokens: 8, completionTokens: 7, totalTokens: 15, cachedTokens: 2, reasoningTokens: 3 } }
const tool = { name: 'look', parameters: { type: 'object', properties: { at: { type: 'string' } } } }
const event = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`
const delta = (value: unknown, finish: string | null = null) => event({ choices: [{ index: 0, delta: value, finish_reason: finish }] })
const end = `${delta({}, 'stop')}data: [DONE]\n\n`

/** The events of an answer with exactly this body. */
async function read(t: TestContext, raw: string, stream = true, contentType?: string) {
  const { chat } = await open(t, {
    upstream: { respond: () => ({ raw, ...(contentType !== undefined && { contentType }) }) },
    entry: { models: [{ id: 'm' }], anyModel: true },
  })
  return (await chat('m', { stream })).flat()
}

describe('provider-openai: the answer', () => {
  for (const stream of [true, false]) {
    const how = stream ? 'streamed' : 'whole'
    test(`${how}: text, then the reason to finish, then usage`, async (t) => {
      const { chat, upstream } = await open(t)
      const events = (await chat('echo', { stream })).flat()
      assert.equal(textOf([events]), 'You said: hi')
      assert.deepEqual(events.slice(-2), [{ type: 'finish', reason: 'stop' }, usage])
      assert.equal(events.length, stream ? 6 : 3)
      assert.deepEqual(upstream.violations, [])
    })

    test(`${how}: reasoning, refusal, length, filter, logprobs`, async (t) => {
      const logprobs = { content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }], refusal: null }
      const { chat, upstream } = await open(t, {
        upstream: {
          respond: ({ body }) => (body?.model === 'odds' ? { text: 'a', chunks: 1, refusal: 'never', logprobs } : undefined),
        },
      })
      const thinking = (await chat('thinker', { stream })).flat()
      const thought = thinking.filter((one) => one.type === 'reasoning').map((one) => one.text)
      assert.equal(thought.join(''), 'Let me think.')
      assert.equal(textOf([thinking]), 'Thought.')
      assert.deepEqual((await chat('long', { stream })).flat().at(-2), { type: 'finish', reason: 'length' })
      assert.deepEqual((await chat('filtered', { stream })).flat().at(-2), { type: 'finish', reason: 'content_filter' })
      const odds = (await chat('odds', { stream })).flat()
      assert.deepEqual(odds[0], { type: 'text', text: 'a', logprobs })
      assert.equal(
        odds
          .filter((one) => one.type === 'refusal')
          .map((one) => one.text)
          .join(''),
        'never',
      )
      assert.equal(upstream.closedAt.length, 0)
    })

    test(`${how}: parallel tool calls`, async (t) => {
      const { chat, upstream } = await open(t)
      const events = (await chat('parallel-tools', { stream, tools: [tool, { name: 'wait' }] })).flat()
      const calls: Record<number, { id?: string; name?: string; arguments: string }> = {}
      for (const one of events) {
        if (one.type !== 'tool') continue
        const { index, type: _, ...rest } = one
        const call = calls[index]
        if (call) assert.deepEqual(Object.keys(rest), ['arguments'])
        calls[index] = { ...call, ...rest, arguments: (call?.arguments ?? '') + rest.arguments }
      }
      assert.deepEqual(calls, {
        0: { id: 'call_1', name: 'look', arguments: '{"at":"text"}' },
        1: { id: 'call_2', name: 'wait', arguments: '{}' },
      })
      assert.deepEqual(events.slice(-2), [{ type: 'finish', reason: 'tool_calls' }, usage])
      assert.deepEqual(upstream.violations, [])
    })
  }

  test('a structured answer', async (t) => {
    const { chat } = await open(t)
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } } }
    const answer = await chat('echo', { responseFormat: { type: 'json_schema', name: 'r', schema } })
    assert.deepEqual(JSON.parse(textOf(answer)), { ok: true })
    assert.equal(textOf(await chat('echo', { responseFormat: { type: 'json_object' } })), '{"ok":true}')
  })

  test('what comes in one network read is one batch', async (t) => {
    const { chat } = await open(t, {
      upstream: { respond: () => ({ raw: delta({ content: 'a' }) + delta({ content: 'b' }) + end }) },
      entry: { models: [{ id: 'm' }], anyModel: true },
    })
    assert.deepEqual(await chat('m'), [
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
        { type: 'finish', reason: 'stop' },
      ],
    ])
  })

  test('characters and events cut anywhere come out whole', async (t) => {
    const text = 'aé漢😀'.repeat(50)
    const raw = delta({ content: text }) + end
    for (const pieceBytes of [1, 7]) {
      const { chat } = await open(t, {
        upstream: { respond: () => ({ raw, pieceBytes }) },
        entry: { models: [{ id: 'm' }], anyModel: true },
      })
      assert.equal(textOf(await chat('m')), text)
    }
  })
})

describe('provider-openai: servers with ways of their own', () => {
  const text = (value: string) => ({ type: 'text', text: value })
  const stop = { type: 'finish', reason: 'stop' }
  const called = { type: 'finish', reason: 'tool_calls' }
  const call = (fields: object) => delta({ tool_calls: [fields] })

  test('an end mark without a reason is an end', async (t) => {
    assert.deepEqual(await read(t, `${delta({ content: 'a' })}data: [DONE]\n\n`), [text('a'), stop])
    const toolEnd = `${call({ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } })}data: [DONE]\n\n`
    assert.deepEqual((await read(t, toolEnd)).at(-1), called)
  })

  test('a reason without an end mark is an end, also when the last blank line is missing', async (t) => {
    assert.deepEqual(await read(t, delta({ content: 'a' }) + delta({}, 'stop').trimEnd()), [text('a'), stop])
  })

  test('T-API-07: neither is a broken answer', async (t) => {
    assert.equal((await failure(read(t, delta({ content: 'a' })))).code, 'upstream_error')
    assert.equal((await failure(read(t, ''))).code, 'upstream_error')
  })

  test('content with the reason, and anything after it', async (t) => {
    const raw = delta({ content: 'a' }, 'length') + delta({ content: 'late' }) + delta({}, 'stop') + end
    assert.deepEqual(await read(t, raw), [text('a'), { type: 'finish', reason: 'length' }])
  })

  test('usage with every chunk: the last one counts, once', async (t) => {
    const counted = (n: number) => event({ choices: [{ delta: { content: 'a' } }], usage: { prompt_tokens: 1, completion_tokens: n } })
    const events = await read(t, counted(1) + counted(2) + end)
    assert.deepEqual(
      events.filter(({ type }) => type === 'usage'),
      [{ type: 'usage', usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 } }],
    )
    assert.equal(events.at(-1)?.type, 'usage')
  })

  test('comments, other fields, carriage returns, no space after the colon, a byte order mark', async (t) => {
    const raw = `\ufeff: hello\r\n\r\nevent: message\r\nid: 1\r\ndata:${JSON.stringify({ choices: [{ delta: { content: 'a' } }] })}\r\n\r\n${end}`
    assert.deepEqual(await read(t, raw), [text('a'), stop])
  })

  test('calls without index, with the same index, with the id repeated, with an object as arguments', async (t) => {
    const raw =
      call({ id: 'a', function: { name: 'f', arguments: '{"x"' } }) +
      call({ function: { arguments: ':1}' } }) +
      call({ id: 'b', function: { name: 'g', arguments: { y: 2 } } })
    assert.deepEqual(await read(t, raw + end), [
      { type: 'tool', index: 0, id: 'a', name: 'f', arguments: '{"x"' },
      { type: 'tool', index: 0, arguments: ':1}' },
      { type: 'tool', index: 1, id: 'b', name: 'g', arguments: '{"y":2}' },
      called,
    ])
    const same =
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }) +
      call({ index: 0, id: 'b', function: { name: 'g', arguments: '{' } }) +
      call({ index: 0, id: 'b', function: { name: 'g', arguments: '}' } })
    assert.deepEqual(await read(t, same + end), [
      { type: 'tool', index: 0, id: 'a', name: 'f', arguments: '{}' },
      { type: 'tool', index: 1, id: 'b', name: 'g', arguments: '{' },
      { type: 'tool', index: 1, arguments: '}' },
      called,
    ])
  })

  test('a call without an id gets one, a call without a name is broken', async (t) => {
    const [event] = await read(t, call({ index: 0, function: { name: 'f', arguments: '{}' } }) + end)
    assert.match((event as { id: string }).id, /^call_[0-9a-f]{24}$/)
    const broken = await failure(read(t, call({ index: 0, id: 'a', function: { arguments: '{}' } }) + end))
    assert.equal(broken.code, 'upstream_bad_response')
  })

  test('content in parts, reasoning under its other name, an unknown reason', async (t) => {
    const raw = delta({ reasoning: 'hm' }) + delta({ content: [{ type: 'text', text: 'a' }, { type: 'other' }] }) + delta({}, 'eos')
    assert.deepEqual(await read(t, raw), [{ type: 'reasoning', text: 'hm' }, text('a'), stop])
  })

  const whole = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'a' }, finish_reason: null }] })
  test('an object in answer to a stream, a stream in answer to none', async (t) => {
    assert.deepEqual(await read(t, whole, true, 'application/json'), [text('a'), stop])
    assert.deepEqual(await read(t, delta({ content: 'a' }) + end, false, 'text/event-stream'), [text('a'), stop])
  })

  for (const [what, raw, stream] of [
    ['broken JSON in a stream', `${delta({ content: 'a' })}data: {broken\n\n`, true],
    ['something else than an object', 'data: 7\n\n', true],
    ['a page', '<html>Welcome</html>', false],
    ['an object without a message', '{"choices":[]}', false],
    ['nothing', '', false],
  ] as const) {
    test(`${what} is a bad response`, async (t) => {
      assert.equal((await failure(read(t, raw, stream))).code, 'upstream_bad_response')
    })
  }

  for (const [error, code] of [
    [{ message: 'boom' }, 'upstream_error'],
    [{ message: 'slow down', code: 429 }, 'upstream_rate_limited'],
    [{ message: 'busy', type: 'overloaded_error' }, 'upstream_overloaded'],
    [{ message: 'too much', code: 'context_length_exceeded' }, 'context_length_exceeded'],
  ] as const) {
    test(`an error in place of a chunk: ${JSON.stringify(error)}`, async (t) => {
      assert.equal((await failure(read(t, delta({ content: 'a' }) + event({ error })))).code, code)
      assert.equal((await failure(read(t, JSON.stringify({ error }), false))).code, code)
    })
  }
})
