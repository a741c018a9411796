import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import type { ChatMessage } from '../../../plugins/contracts/models.js'
import { Images } from '../../../plugins/openai-chat/images.js'
import { parseMessages } from '../../../plugins/openai-chat/messages.js'
import { limits } from './limits.js'

const parse = (messages: unknown): ChatMessage[] => parseMessages(messages, new Images(limits()))
const refusal = (messages: unknown) => {
  try {
    parse(messages)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    return [error.code, error.param]
  }
  return assert.fail(`${JSON.stringify(messages)} was accepted`)
}
const user = { role: 'user', content: 'hi' } as const
const call = (id: string, name = 'f', args = '{}') => ({ id, type: 'function' as const, function: { name, arguments: args } })
const calls = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) })
const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'r' })

describe('chat messages', () => {
  test('roles are translated, content is kept as it is', () => {
    const sent = [
      { role: 'system', content: ' s ' },
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'a' },
          { type: 'input_text', text: 'b' },
        ],
        name: 'boss',
      },
      { role: 'user', content: 'q', name: 'ann' },
      { role: 'assistant', content: ' ' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
    ]
    assert.deepEqual(parse(sent), [
      { role: 'system', content: ' s ' },
      { role: 'system', content: 'a\nb', name: 'boss' },
      { role: 'user', content: 'q', name: 'ann' },
      { role: 'assistant', content: ' ' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
    ])
  })

  test('one text part is a string, empty content is empty', () => {
    assert.deepEqual(parse([{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }]), [{ role: 'user', content: 'x' }])
    assert.deepEqual(parse([{ role: 'user', content: null }]), [{ role: 'user', content: '' }])
    assert.deepEqual(parse([{ role: 'user', content: [] }]), [{ role: 'user', content: '' }])
  })

  test('refusals and unknown parts of assistant history', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'thinking', thinking: 'x' },
      { type: 'refusal', refusal: 'no' },
    ]
    const [first, second] = parse([
      { role: 'assistant', content: parts, reasoning_content: 'ignored' },
      { role: 'assistant', content: null, refusal: 'no' },
      user,
    ])
    assert.deepEqual(first, {
      role: 'assistant',
      content: [
        { type: 'text', text: 'a' },
        { type: 'refusal', refusal: 'no' },
      ],
    })
    assert.deepEqual(second, { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] })
  })

  test('tool calls and results stay structured, whatever the arguments are and in any order of results', () => {
    const asked = { role: 'assistant', content: null, tool_calls: [call('c1', 'f', '{broken'), call('c2')] }
    const sent = [user, asked, result('c2'), { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '' }] }]
    assert.deepEqual(parse(sent), [
      user,
      { role: 'assistant', content: null, tool_calls: asked.tool_calls },
      { role: 'tool', content: 'r', tool_call_id: 'c2' },
      { role: 'tool', content: '', tool_call_id: 'c1' },
    ])
  })

  test('the same id in a later turn is a new call', () => {
    assert.equal(parse([user, calls('call_0'), result('call_0'), calls('call_0'), result('call_0')]).length, 5)
  })

  test('the older function messages are calls and results', () => {
    const sent = [
      user,
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
      { role: 'function', name: 'f', content: 'r' },
    ]
    assert.deepEqual(parse(sent).slice(1), [
      { role: 'assistant', content: null, tool_calls: [call('call_function_0', 'f', '{"a":1}')] },
      { role: 'tool', content: 'r', tool_call_id: 'call_function_0' },
    ])
  })

  test('a function result belongs to the latest unanswered call of its name', () => {
    const sent = [user, { ...calls('a', 'b'), tool_calls: [call('a', 'f'), call('b', 'f')] }]
    const results = [
      { role: 'function', name: 'f', content: '1' },
      { role: 'function', name: 'f', content: '2' },
    ]
    const ids = parse([...sent, ...results]).flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []))
    assert.deepEqual(ids, ['b', 'a'])
  })

  test('assistant text after the last turn is dropped, system text is not', () => {
    const system = { role: 'system', content: 's' }
    assert.deepEqual(parse([user, { role: 'assistant', content: 'prefill' }, system]), [user, system])
  })

  for (const [what, messages] of [
    ['missing', undefined],
    ['null', null],
    ['a string', 'hi'],
    ['empty', []],
    ['system only', [{ role: 'system', content: 's' }]],
    ['assistant only', [{ role: 'assistant', content: 's' }]],
  ] as const)
    test(`messages that are ${what} have no user message`, () => {
      assert.throws(() => parse(messages), { message: 'Missing user message in `messages`.' })
      assert.deepEqual(refusal(messages), ['missing_required_parameter', 'messages'])
    })

  const table: [unknown, string, string][] = [
    ['x', 'invalid_value', 'messages[0]'],
    [{ role: 'robot', content: 'x' }, 'invalid_value', 'messages[0].role'],
    [{ content: 'x' }, 'invalid_value', 'messages[0].role'],
    [{ role: 'user', content: 5 }, 'invalid_value', 'messages[0].content'],
    [{ role: 'user', content: {} }, 'invalid_value', 'messages[0].content'],
    [{ role: 'user', content: ['x'] }, 'invalid_value', 'messages[0].content[0]'],
    [{ role: 'user', content: [{ type: 'text' }] }, 'invalid_value', 'messages[0].content[0].text'],
    [{ role: 'user', content: [{ type: 'video' }] }, 'invalid_value', 'messages[0].content[0].type'],
    [{ role: 'user', content: [{ type: 'input_audio' }] }, 'unsupported_parameter', 'messages[0].content[0]'],
    [{ role: 'user', content: 'x', name: 5 }, 'invalid_value', 'messages[0].name'],
    [{ role: 'system', content: [{ type: 'image_url' }] }, 'invalid_value', 'messages[0].content[0].type'],
    [{ role: 'assistant', content: 5 }, 'invalid_value', 'messages[0].content'],
    [{ role: 'assistant', tool_calls: {} }, 'invalid_value', 'messages[0].tool_calls'],
    [{ role: 'assistant', tool_calls: [{ type: 'function' }] }, 'invalid_value', 'messages[0].tool_calls[0].id'],
    [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'custom' }] }, 'unsupported_parameter', 'messages[0].tool_calls[0]'],
    [{ role: 'assistant', tool_calls: [{ id: 'a' }] }, 'invalid_value', 'messages[0].tool_calls[0].function'],
    [{ ...calls('a', 'a') }, 'invalid_value', 'messages[0].tool_calls'],
    [{ ...calls('a') }, 'invalid_value', 'messages[0].tool_calls'],
    [result('nobody'), 'invalid_value', 'messages[0].tool_call_id'],
    [{ role: 'tool', content: 'x' }, 'invalid_value', 'messages[0].tool_call_id'],
    [{ role: 'function', name: 'f', content: 'x' }, 'invalid_value', 'messages[0].name'],
  ]
  for (const [message, code, param] of table)
    test(`T-API-04 ${JSON.stringify(message).slice(0, 90)} is refused by name`, () =>
      assert.deepEqual(refusal([message, user]), [code, param]))
})
