import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChatEvent, Usage } from '../../../plugins/contracts/models.js'
import type { ReplyOptions } from '../../../plugins/openai-responses/draft.js'
import { parseOptions } from '../../../plugins/openai-responses/request.js'
import { StreamReply } from '../../../plugins/openai-responses/stream-reply.js'
import { WholeReply } from '../../../plugins/openai-responses/whole-reply.js'
import { stop, text, tool } from '../../support/chat-events.js'
import { checkResponse, checkStream } from './check.js'

const reasoning = (value: string): ChatEvent => ({ type: 'reasoning', text: value })
const refusal = (value: string): ChatEvent => ({ type: 'refusal', text: value })
const finish = (reason: 'stop' | 'length' | 'content_filter' | 'tool_calls'): ChatEvent => ({ type: 'finish', reason })
const usage: Usage = { promptTokens: 3, completionTokens: 4, totalTokens: 7, cachedTokens: 2, reasoningTokens: 1 }

const optionsOf = (more: Partial<ReplyOptions> = {}, body = {}): ReplyOptions => {
  const { echo, request, allowed } = parseOptions({ instructions: 'Be "brief".', ...body })
  return { model: 'up/"m"', echo, rules: { ...request, ...(allowed && { allowed }) }, ...more }
}

/** The stream of these batches, checked. */
async function stream(batches: ChatEvent[][], options = optionsOf()) {
  const reply = new StreamReply(options)
  let wire = reply.opening
  for (const batch of batches) wire += reply.push(batch)
  return checkStream(wire + (await reply.end()))
}

async function whole(events: ChatEvent[], options = optionsOf()) {
  const reply = new WholeReply(options)
  assert.equal(reply.opening + reply.push(events), '')
  return checkResponse(JSON.parse(await reply.end()))
}

/** What is random or of the moment is left out. */
const shape = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, entry) => (['id', 'created_at', 'completed_at'].includes(key) ? undefined : entry)))

const events: Record<string, { events: ChatEvent[]; types: string[] }> = {
  text: {
    events: [text('Hel'), text('lo'), stop, { type: 'usage', usage }],
    types: ['output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta', 'output_text.done', 'content_part.done'],
  },
  reasoning: {
    events: [reasoning('hm'), reasoning('m'), stop],
    types: [
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
    ],
  },
  refusal: {
    events: [refusal('no'), stop],
    types: ['output_item.added', 'content_part.added', 'refusal.delta', 'refusal.done', 'content_part.done'],
  },
  call: {
    events: [tool(0, '', 'call_x', 'f'), tool(0, '{"a":'), tool(0, '1}'), finish('tool_calls')],
    types: ['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.delta', 'function_call_arguments.done'],
  },
}

describe('response events', () => {
  for (const [name, { events: said, types }] of Object.entries(events))
    test(`the order for ${name}`, async () => {
      const expected = ['created', 'in_progress', ...types, 'output_item.done', 'completed'].map((type) => `response.${type}`)
      assert.deepEqual((await stream(said.map((event) => [event]))).types, expected)
      assert.deepEqual((await stream([said])).types, expected, 'in one network read')
    })

  test('an answer as a whole is the last event of the same one as a stream', async () => {
    const answers: ChatEvent[][] = [
      ...Object.values(events).map(({ events: said }) => said),
      [reasoning('a'), text('b'), tool(0, '{}', 'x', 'f'), tool(1, '{}', 'y', 'g'), stop],
      [text('a'), refusal('b'), text('c'), finish('length')],
      [tool(0, '{"a', 'x', 'f'), text('late'), tool(0, '":1}'), stop],
      [text('a'), reasoning('b'), text('c'), finish('content_filter')],
      [stop],
    ]
    for (const answer of answers)
      assert.deepEqual(shape((await stream(answer.map((event) => [event]))).response), shape(await whole(answer)))
  })

  test('reasoning, text and calls are items in this order', async () => {
    const { response } = await stream([[reasoning('hm'), text('I look.'), tool(0, '{}', 'call_1', 'f'), finish('tool_calls')]])
    assert.deepEqual(
      response.output.map(({ type, status }: any) => [type, status]),
      [
        ['reasoning', 'completed'],
        ['message', 'completed'],
        ['function_call', 'completed'],
      ],
    )
    assert.equal(response.status, 'completed')
  })

  test('a message is opened by text alone: an empty answer has no items', async () => {
    assert.deepEqual((await stream([[text(''), reasoning(''), stop]])).response.output, [])
    const { response } = await stream([[text(''), tool(0, '{}', 'x', 'f'), stop]])
    assert.deepEqual(
      response.output.map(({ type }: any) => type),
      ['function_call'],
    )
  })

  test('parallel calls that come interleaved are sent one after the other', async () => {
    const said = [tool(2, 'a', 'x', 'f'), tool(5, '1', 'y', 'g'), tool(2, 'b'), tool(5, '2'), tool(2, 'c'), stop]
    const { events: sent, response } = await stream(said.map((event) => [event]))
    const indexes = sent
      .filter(({ type }) => type.includes('arguments'))
      .map(({ output_index, type }) => [output_index, type.split('.').at(-1)])
    assert.deepEqual(indexes, [
      [0, 'delta'],
      [0, 'delta'],
      [0, 'delta'],
      [0, 'done'],
      [1, 'delta'],
      [1, 'done'],
    ])
    assert.deepEqual(
      response.output.map(({ call_id, arguments: args }: any) => [call_id, args]),
      [
        ['x', 'abc'],
        ['y', '12'],
      ],
    )
  })

  test('a call without arguments has an empty object, with a delta as any other', async () => {
    const { response, types } = await stream([[tool(0, '', 'x', 'f'), stop]])
    assert.equal(response.output[0].arguments, '{}')
    assert.ok(types.includes('response.function_call_arguments.delta'))
  })

  test('text, reasoning and arguments are never split inside a character', async () => {
    const halves = [...'a😀b'].flatMap((char) => char.split(''))
    const { response } = await stream([
      ...halves.map((half) => [reasoning(half)]),
      ...halves.map((half) => [text(half)]),
      ...halves.map((half) => [refusal(half)]),
      [tool(0, '', 'x', 'f')],
      ...halves.map((half) => [tool(0, half)]),
      [stop],
    ])
    assert.equal(response.output[0].summary[0].text, 'a😀b')
    assert.deepEqual(
      response.output[1].content.map((part: any) => part.text ?? part.refusal),
      ['a😀b', 'a😀b'],
    )
    assert.equal(response.output[2].arguments, 'a😀b')
    assert.equal((await stream([[text('a\ud83d')], [stop]])).response.output[0].content[0].text, 'a\ufffd')
  })

  test('log probabilities go into deltas, done and part', async () => {
    const token = (name: string) => ({ token: name, logprob: -1, bytes: [97], top_logprobs: [] })
    const { events: sent, response } = await stream([[text('a', { content: [token('a')] }), text('b', { content: [token('b')] }), stop]])
    assert.deepEqual(response.output[0].content[0].logprobs, [token('a'), token('b')])
    assert.deepEqual(
      sent.filter(({ type }) => type === 'response.output_text.delta').map(({ logprobs }) => logprobs),
      [[token('a')], [token('b')]],
    )
  })

  test('a cut answer is incomplete, and so is its last item', async () => {
    const { types, response } = await stream([[text('a'), tool(0, '{"a', 'x', 'f'), finish('length')]])
    assert.equal(types.at(-1), 'response.incomplete')
    assert.deepEqual(response.incomplete_details, { reason: 'max_output_tokens' })
    assert.deepEqual(
      response.output.map(({ status }: any) => status),
      ['completed', 'incomplete'],
    )
    const late = await stream([[tool(0, '{"a', 'x', 'f'), text('late'), finish('length')]])
    assert.deepEqual(
      late.response.output.map(({ status }: any) => status),
      ['completed', 'incomplete'],
    )
    const held = await stream([[tool(0, '{}', 'x', 'f'), tool(1, '', 'y', 'g'), finish('length')]])
    assert.deepEqual(
      held.response.output.map(({ status, arguments: args }: any) => [status, args]),
      [
        ['completed', '{}'],
        ['incomplete', ''],
      ],
    )
  })

  test('a filtered answer is incomplete, but its items are what they are', async () => {
    const { response } = await stream([[text('a'), finish('content_filter')]])
    assert.deepEqual(response.incomplete_details, { reason: 'content_filter' })
    assert.equal(response.output[0].status, 'completed')
  })

  test('usage counts cached tokens in; without any the numbers are zero', async () => {
    assert.deepEqual((await whole([text('a'), stop, { type: 'usage', usage }])).usage, {
      input_tokens: 3,
      input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 7,
    })
    assert.equal((await whole([text('a'), stop])).usage.total_tokens, 0)
  })

  test('nothing but usage is taken after the finish', async () => {
    const { response } = await stream([[text('a'), stop, text('late'), tool(0, '', 'x', 'f'), finish('length')]])
    assert.equal(response.status, 'completed')
    assert.equal(response.output.length, 1)
  })

  test('a failure is the error in both forms, then the response with the items that were done', async () => {
    const reply = new StreamReply(optionsOf())
    const body = { error: { message: 'It "broke".', type: 'api_error', param: null, code: 'upstream_error' } }
    const wire = reply.opening + reply.push([reasoning('hm'), text('half')]) + reply.fail(body)
    const { events: sent, response } = checkStream(wire)
    const error = { code: 'upstream_error', message: 'It "broke".', param: null }
    const number = sent.length - 2
    assert.deepEqual(sent.at(-2), { type: 'error', sequence_number: number, ...error, error: { type: 'api_error', ...error } })
    assert.deepEqual(response.error, { code: 'upstream_error', message: 'It "broke".' })
    assert.deepEqual(
      response.output.map(({ type }: any) => type),
      ['reasoning'],
    )
  })

  test('the response is written down before its last event, and says so if it could not be', async () => {
    const kept: any[] = []
    let written!: (ok: boolean) => void
    const keep: ReplyOptions['keep'] = (entry) => {
      kept.push(entry)
      return new Promise((resolve) => (written = resolve))
    }
    const reply = new StreamReply(optionsOf({ keep }))
    let wire = reply.opening + reply.push([text('a'), stop])
    const ending = reply.end()
    let ended = false
    void ending.then(() => (ended = true))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(ended, false)
    written(true)
    wire += await ending
    const { response } = checkStream(wire)
    assert.equal(response.store, true)
    assert.deepEqual(JSON.parse(kept[0].response), response)
    assert.deepEqual([kept[0].id, JSON.parse(kept[0].output)], [response.id, response.output])
    assert.equal((await stream([[text('a'), stop]], optionsOf({ keep: async () => false }))).response.store, false)
    assert.equal((await stream([[text('a'), stop]])).response.store, false)
  })

  test('a stream that fails while it is written down has all its events', async () => {
    const reply = new StreamReply(optionsOf({ keep: () => new Promise(() => undefined) }))
    const wire = reply.opening + reply.push([text('a'), stop])
    void reply.end()
    const body = { error: { message: 'late', type: 'api_error', param: null, code: 'upstream_timeout' } }
    assert.equal(checkStream(wire + reply.fail(body)).response.output.length, 1)
  })

  const refused: [string, string, ChatEvent[], object?][] = [
    ['T-API-07 no finish', 'upstream_error', [text('a')]],
    ['no call where one is required', 'upstream_bad_response', [text('a'), stop], { tools: [{ name: 'f' }], tool_choice: 'required' }],
    [
      'another call than the one that is named',
      'upstream_bad_response',
      [tool(0, '{}', 'x', 'g'), stop],
      { tools: [{ name: 'f' }], tool_choice: { type: 'function', name: 'f' } },
    ],
    [
      'a call that is not among the allowed ones',
      'upstream_bad_response',
      [tool(0, '{}', 'x', 'g'), stop],
      { tools: [{ name: 'f' }, { name: 'g' }], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ name: 'f' }] } },
    ],
    ['a call without a name', 'upstream_bad_response', [tool(0, '{}', 'x'), stop]],
    ['more calls than clients can take', 'upstream_bad_response', Array.from({ length: 129 }, (_, i) => tool(i, '', `c${i}`, 'f'))],
    ['calls that wait and are too long', 'upstream_bad_response', [tool(0, '', 'x', 'f'), tool(1, 'x'.repeat(1_100_000), 'y', 'f')]],
    ['an answer without end', 'upstream_bad_response', Array.from({ length: 18 }, () => text('x'.repeat(1_000_000)))],
    ['an answer in too many parts', 'upstream_bad_response', Array.from({ length: 1_100 }, (_, i) => (i % 2 ? text('a') : reasoning('b')))],
  ]
  for (const [name, code, said, body] of refused)
    test(`${name} is an error`, async () => {
      await assert.rejects(async () => stream([said], optionsOf({}, body)), { code })
      await assert.rejects(async () => whole(said, optionsOf({}, body)), { code })
    })
})
