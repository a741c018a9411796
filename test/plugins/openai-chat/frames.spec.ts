import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, ChatRequest } from '../../../plugins/contracts/models.js'
import { WholeReply } from '../../../plugins/openai-chat/reply.js'
import { StreamReply } from '../../../plugins/openai-chat/stream.js'
import { stop, text, tool } from '../../support/chat-events.js'

const head = { id: 'chatcmpl_1', created: 7, model: 'fake/"m"' }
const request = (more: Partial<ChatRequest> = {}): ChatRequest => ({ messages: [], stream: true, ...more })
const usage = { promptTokens: 3, completionTokens: 4, totalTokens: 7, cachedTokens: 2 }
const wireUsage = {
  prompt_tokens: 3,
  completion_tokens: 4,
  total_tokens: 7,
  prompt_tokens_details: { cached_tokens: 2 },
  completion_tokens_details: { reasoning_tokens: 0 },
}
const done = 'data: [DONE]\n\n'
const framesOf = (wire: string): any[] => {
  assert.ok(wire === '' || wire.endsWith('\n\n'))
  return wire
    .split('\n\n')
    .filter(Boolean)
    .map((frame) => {
      assert.ok(frame.startsWith('data: ') && !frame.includes('\n'))
      return JSON.parse(frame.slice(6))
    })
}
const stream = (batches: ChatEvent[][], more: Partial<ChatRequest> = {}, includeUsage = false) => {
  const reply = new StreamReply(head, request(more), includeUsage)
  const frames = reply.opening + batches.map((batch) => reply.push(batch)).join('') + reply.end()
  assert.ok(frames.endsWith(done))
  return framesOf(frames.slice(0, -done.length))
}
const deltas = (frames: any[]) => frames.map(({ choices }) => choices[0]?.delta)
const whole = (events: ChatEvent[], more: Partial<ChatRequest> = {}) => {
  const reply = new WholeReply(head, request({ stream: false, ...more }))
  assert.equal(reply.push(events), '')
  return JSON.parse(reply.end())
}
const fails = (code: string, act: () => unknown) => assert.throws(act, (error) => error instanceof GatewayError && error.code === code)

describe('chat stream frames', () => {
  test('role first, then text, one finish with an empty delta, the same head on every frame', () => {
    const frames = stream([[text('a"\n'), text('')], [text('b')], [stop]])
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      id: 'chatcmpl_1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'fake/"m"',
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    })
    assert.deepEqual(frames, [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'a"\n' }),
      chunk({ content: 'b' }),
      chunk({}, 'stop'),
    ])
  })

  test('the usage chunk comes last, has no choices, and only where it was asked for', () => {
    const events: ChatEvent[] = [{ type: 'usage', usage }, text('a'), stop]
    const frames = stream([events], {}, true)
    assert.deepEqual(frames.at(-1).choices, [])
    assert.deepEqual(frames.at(-1).usage, wireUsage)
    assert.ok(frames.slice(0, -1).every((frame) => !('usage' in frame)))
    assert.equal(stream([events]).length, frames.length - 1)
    assert.equal(stream([[text('a'), stop]], {}, true).length, frames.length - 1)
  })

  test('text split anywhere joins again to the same bytes, and no piece ends inside a character', () => {
    const sent = 'a😀b👨‍👩‍👧é\u{10ffff}z'
    const frames = stream([...[...Array(sent.length).keys()].map((i) => [text(sent[i] as string)]), [stop]])
    const pieces = deltas(frames).flatMap(({ content }) => content ?? [])
    assert.equal(pieces.join(''), sent)
    for (const piece of pieces) assert.doesNotMatch(piece, /[\ud800-\udbff]$|^[\udc00-\udfff]/)
  })

  test('half a character that nothing completes is replaced, in the middle and at the end', () => {
    const pieces = deltas(stream([[text('a\ud83d')], [text('b')], [text('\ud83d'), stop]])).map((d) => d.content ?? '')
    assert.equal(pieces.join(''), 'a\ufffdb\ufffd')
  })

  test('reasoning, refusals and log probabilities have their own fields', () => {
    const logprobs = { content: [{ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }], refusal: null }
    const frames = stream([
      [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'a', logprobs },
        { type: 'refusal', text: 'no' },
        { type: 'finish', reason: 'content_filter' },
      ],
    ])
    assert.deepEqual(deltas(frames).slice(1, 4), [{ reasoning_content: 'hm' }, { content: 'a' }, { refusal: 'no' }])
    assert.deepEqual(frames[2].choices[0].logprobs, logprobs)
    assert.equal(frames.at(-1).choices[0].finish_reason, 'content_filter')
  })

  test('a call begins with id, type, name and empty arguments', () => {
    const frames = stream([[tool(0, '{"a"', 'call_x', 'f')], [tool(0, ':1}'), stop]])
    assert.deepEqual(deltas(frames).slice(1, -1), [
      { tool_calls: [{ index: 0, id: 'call_x', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
    ])
    assert.equal(frames.at(-1).choices[0].finish_reason, 'tool_calls')
  })

  test('interleaved parallel calls come out one after the other, numbered without gaps', () => {
    const events = [tool(2, 'a', 'x', 'f'), tool(5, '1', 'y', 'g'), tool(2, 'b'), tool(5, '2'), tool(2, 'c'), stop]
    const calls = deltas(stream(events.map((event) => [event]))).flatMap(({ tool_calls }) => tool_calls ?? [])
    assert.deepEqual(
      calls.map(({ index, function: { arguments: args } }) => [index, args]),
      [
        [0, ''],
        [0, 'a'],
        [0, 'b'],
        [0, 'c'],
        [1, ''],
        [1, '12'],
      ],
    )
    assert.equal(calls[4].id, 'y')
  })

  test('arguments split inside a character are put together', () => {
    const args = JSON.stringify({ a: '😀' })
    const events = args.split('').map((half) => [tool(0, half)])
    const calls = deltas(stream([[tool(0, '', 'x', 'f')], ...events, [stop]])).flatMap((delta) => delta.tool_calls ?? [])
    assert.equal(calls.map((call) => call.function.arguments).join(''), args)
  })

  test('ids that a client could not send back, or that come twice, are replaced', () => {
    const events = [tool(0, '', 'a', 'f'), tool(1, '', 'a', 'f'), tool(2, '', 'has space', 'f'), tool(3, '', undefined, 'f')]
    const calls = deltas(stream([[...events, stop]])).flatMap(({ tool_calls }) => tool_calls ?? [])
    const ids = calls.map(({ id }) => id)
    assert.equal(ids[0], 'a')
    assert.equal(new Set(ids).size, 4)
    for (const id of ids.slice(1)) assert.match(id, /^call_[A-Za-z0-9]{24}$/)
  })

  test('parallel_tool_calls false lets one call through', () => {
    const frames = stream([[tool(0, '1', 'a', 'f'), tool(1, '2', 'b', 'f'), tool(1, '3'), stop]], { parallelToolCalls: false })
    assert.equal(deltas(frames).flatMap((delta) => delta.tool_calls ?? []).length, 2)
  })

  test('nothing but usage is taken after the finish', () => {
    const frames = stream([[text('a'), stop, text('late'), tool(0, '', 'x', 'f'), { type: 'finish', reason: 'length' }]])
    assert.deepEqual(deltas(frames), [{ role: 'assistant', content: '' }, { content: 'a' }, {}])
    assert.equal(frames.at(-1).choices[0].finish_reason, 'stop')
  })

  test('T-API-07 an answer without a finish is an error, not an end', () => {
    fails('upstream_error', () => stream([[text('a')]]))
    fails('upstream_error', () => whole([text('a')]))
  })

  test('what breaks the rules of the request is a bad response', () => {
    fails('upstream_bad_response', () => stream([[text('a'), stop]], { toolChoice: 'required' }))
    fails('upstream_bad_response', () => whole([text('a'), stop], { toolChoice: { name: 'f' } }))
    fails('upstream_bad_response', () => whole([tool(0, '', 'x', 'g'), stop], { toolChoice: { name: 'f' } }))
    fails('upstream_bad_response', () => stream([[tool(0, '', 'x'), stop]]))
    fails('upstream_bad_response', () => stream([Array.from({ length: 129 }, (_, i) => tool(i, '', `c${i}`, 'f'))]))
    const held = 'x'.repeat(600_000)
    fails('upstream_bad_response', () => stream([[tool(0, '', 'x', 'f'), tool(1, held, 'y', 'f'), tool(1, held), stop]]))
    fails('upstream_bad_response', () => whole(Array.from({ length: 18 }, () => text('x'.repeat(1_000_000)))))
  })

  test('a required call that was cut off or filtered is answered as that', () => {
    const cut = whole([text('a'), { type: 'finish', reason: 'length' }], { toolChoice: 'required' })
    assert.equal(cut.choices[0].finish_reason, 'length')
  })
})

describe('chat reply', () => {
  test('text', () => {
    assert.deepEqual(whole([text('a'), text('b'), stop, { type: 'usage', usage }]), {
      id: 'chatcmpl_1',
      object: 'chat.completion',
      created: 7,
      model: 'fake/"m"',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'ab', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: wireUsage,
    })
  })

  test('usage is left out when the provider gave none, an empty answer is an empty string', () => {
    const reply = whole([stop])
    assert.ok(!('usage' in reply))
    assert.equal(reply.choices[0].message.content, '')
  })

  test('calls without text have null content and reason tool_calls, whatever the provider says', () => {
    const { message, finish_reason } = whole([tool(0, '{', 'x', 'f'), tool(1, '{}', 'y', 'g'), tool(0, '}'), stop]).choices[0]
    assert.equal(finish_reason, 'tool_calls')
    assert.equal(message.content, null)
    assert.deepEqual(message.tool_calls, [
      { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } },
      { id: 'y', type: 'function', function: { name: 'g', arguments: '{}' } },
    ])
    assert.equal(whole([{ type: 'finish', reason: 'tool_calls' }]).choices[0].finish_reason, 'stop')
  })

  test('reasoning, refusal and log probabilities', () => {
    const token = (t: string) => ({ content: [{ token: t, logprob: -1 }], refusal: null })
    const { message, logprobs } = whole([
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'm' },
      { type: 'text', text: 'a', logprobs: token('a') },
      { type: 'text', text: 'b', logprobs: token('b') },
      stop,
    ]).choices[0]
    assert.equal(message.reasoning_content, 'hm')
    assert.deepEqual(logprobs, { content: [...token('a').content, ...token('b').content], refusal: null })
    assert.deepEqual(whole([{ type: 'refusal', text: 'no' }, stop]).choices[0].message, {
      role: 'assistant',
      content: null,
      refusal: 'no',
    })
  })
})
