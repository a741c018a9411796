import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Conversation } from '../../../plugins/openai-responses/conversation.js'
import { parseInput } from '../../../plugins/openai-responses/input.js'
import { Media } from '../../../plugins/openai-responses/media.js'
import { parseOptions } from '../../../plugins/openai-responses/request.js'
import type { Config } from '../../../plugins/openai-responses/schema.js'

const limits = { allowUrl: false, urlAllowlist: [], allowedMimes: [], maxBytes: 1_000, maxRedirects: 3, timeoutMs: 1_000 }
const config: Config = {
  maxUrlParts: 8,
  images: limits,
  files: { ...limits, maxChars: 1_000 },
  retention: { entries: 1, maxAgeMs: 1_000, maxBytes: 1_000 },
  lenientPreviousResponse: false,
}

/** The messages that a model gets of this input. */
function messagesOf(input: unknown) {
  const conversation = new Conversation(1_000)
  for (const located of parseInput(input, { media: new Media(config, undefined), find: () => undefined })) conversation.add(located)
  conversation.settle()
  return conversation.messages
}
const user = (content: unknown) => ({ role: 'user', content })
const call = (id: string, name = 'f') => ({
  type: 'function_call',
  id: `fc_${id}`,
  status: 'completed',
  call_id: id,
  name,
  arguments: '{}',
})
const output = (id: string, value: unknown = id) => ({ type: 'function_call_output', call_id: id, output: value })
const called = (...ids: string[]) => ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } }))
const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: id })

describe('input of a response', () => {
  test('a string is a message of the user', () => {
    assert.deepEqual(messagesOf('hello'), [user('hello')])
  })

  test('easy and full messages, of every role, in their order', () => {
    const text = (type: string, value: string) => [{ type, text: value, annotations: [{ odd: 1 }], logprobs: [] }]
    const input = [
      { role: 'developer', content: 'a' },
      { type: 'message', role: 'system', content: text('input_text', 'b'), id: 'msg_1', status: 'completed' },
      { role: 'user', content: text('text', 'c') },
      { type: 'message', role: 'assistant', content: text('output_text', 'd'), phase: 'final_answer' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'e' }, { type: 'odd' }] },
      { role: 'user', content: [...text('input_text', 'f'), ...text('summary_text', 'g')] },
      { role: 'user', content: null },
    ]
    assert.deepEqual(messagesOf(input), [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      user('c'),
      { role: 'assistant', content: 'd' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'e' }] },
      user([
        { type: 'text', text: 'f' },
        { type: 'text', text: 'g' },
      ]),
      user(''),
    ])
  })

  test('reasoning and items of other vendors say nothing to a model', () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'x' }], extra: {}, encrypted_content: 'x' }
    assert.deepEqual(messagesOf([reasoning, { type: 'openclaw:tool_activity', id: 'x' }, user('a')]), [user('a')])
  })

  test('text and calls of one step are one message of the assistant', () => {
    const said = { role: 'assistant', content: 'I look.' }
    const step = { role: 'assistant', content: 'I look.', tool_calls: called('1', '2') }
    const outputs = [output('1'), output('2')]
    const results = [result('1'), result('2')]
    assert.deepEqual(messagesOf([user('a'), said, call('1'), call('2'), ...outputs]), [user('a'), step, ...results])
    assert.deepEqual(messagesOf([user('a'), call('1'), call('2'), said, ...outputs]), [user('a'), step, ...results])
    assert.deepEqual(messagesOf([user('a'), call('1'), output('1'), call('2'), output('2')]), [
      user('a'),
      { role: 'assistant', content: null, tool_calls: called('1') },
      result('1'),
      { role: 'assistant', content: null, tool_calls: called('2') },
      result('2'),
    ])
  })

  test('an output stands right behind its call, whatever came between', () => {
    const expected = [user('a'), { role: 'assistant', content: null, tool_calls: called('1', '2') }, result('1'), result('2'), user('b')]
    assert.deepEqual(messagesOf([user('a'), call('1'), call('2'), user('b'), output('1'), output('2')]), expected)
    assert.deepEqual(messagesOf([user('a'), call('1'), call('2'), output('1'), user('b'), output('2')]), expected)
  })

  test('a call that was cut off in the middle is left out', () => {
    assert.deepEqual(messagesOf([user('a'), { ...call('1'), status: 'incomplete' }, user('b')]), [user('a'), user('b')])
    const conversation = new Conversation(10)
    conversation.add({ item: { type: 'function_call', call_id: '1', name: 'f', arguments: '{"a', status: 'incomplete' }, param: 'x' })
    conversation.settle()
    assert.deepEqual(conversation.messages, [])
  })

  test('ids may come again once they were answered', () => {
    assert.equal(messagesOf([user('a'), call('1'), output('1'), call('1'), output('1')]).length, 5)
  })

  test('what an output shows follows its text', () => {
    const png = `data:image/png;base64,${Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64')}`
    const parts = [
      { type: 'input_text', text: 'one' },
      { type: 'input_image', image_url: png },
      { type: 'input_text', text: 'two' },
    ]
    assert.deepEqual(messagesOf([user('a'), call('1'), call('2'), output('1', parts), output('2')]).slice(2), [
      { role: 'tool', tool_call_id: '1', content: 'one\ntwo' },
      result('2'),
      user([
        { type: 'text', text: '[Output of the function call 1]' },
        { type: 'image_url', image_url: { url: png, detail: 'auto' } },
      ]),
    ])
  })
})

describe('fields of a response', () => {
  const tool = { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }
  const other = { type: 'function', name: 'g' }
  const plain = { type: 'object', properties: {} }

  test('nothing but input: all that a response says back', () => {
    const { request, echo, store } = parseOptions({
      unknown: 1,
      conversation: 'x',
      safety_identifier: 'x',
      prompt_cache_key: 'x',
      text: {},
    })
    assert.deepEqual(request, { stream: false })
    assert.equal(store, true)
    assert.deepEqual(echo, {
      previous_response_id: null,
      instructions: null,
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      truncation: 'disabled',
      text: { format: { type: 'text' } },
      top_p: 1,
      temperature: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      max_output_tokens: null,
      max_tool_calls: null,
      reasoning: null,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    })
  })

  test('null is absent', () => {
    const names = [
      'tools',
      'tool_choice',
      'temperature',
      'max_output_tokens',
      'reasoning',
      'text',
      'metadata',
      'truncation',
      'store',
      'stream',
    ]
    const nothing = Object.fromEntries(
      [...names, 'user', 'instructions', 'previous_response_id', 'background', 'prompt'].map((name) => [name, null]),
    )
    assert.deepEqual(parseOptions(nothing), parseOptions({}))
  })

  test('numbers go to the model and come back', () => {
    const numbers = { temperature: 0, top_p: 0.5, presence_penalty: 1, frequency_penalty: -1, max_output_tokens: 5, max_tool_calls: 2 }
    const { request, echo } = parseOptions({ ...numbers, top_logprobs: 3, user: 'ann' })
    assert.deepEqual(request, {
      stream: false,
      temperature: 0,
      topP: 0.5,
      presencePenalty: 1,
      frequencyPenalty: -1,
      maxTokens: 5,
      logprobs: true,
      topLogprobs: 3,
      user: 'ann',
    })
    for (const [name, value] of Object.entries({ ...numbers, top_logprobs: 3 })) assert.equal(echo[name], value, name)
    assert.equal(parseOptions({ include: ['message.output_text.logprobs', 'odd'] }).request.logprobs, true)
  })

  test('tools flat and nested are the same, and come back flat', () => {
    const nested = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } }
    for (const given of [tool, nested]) {
      const { request, echo } = parseOptions({ tools: [given, other], tool_choice: 'required', parallel_tool_calls: false })
      assert.deepEqual(request.tools, [
        { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
        { name: 'g', parameters: plain },
      ])
      assert.deepEqual([request.toolChoice, request.parallelToolCalls], ['required', false])
      assert.deepEqual(echo['tools'], [tool, { ...other, description: null, parameters: plain, strict: null }])
      assert.deepEqual([echo['tool_choice'], echo['parallel_tool_calls']], ['required', false])
    }
  })

  test('a pinned tool, flat and nested', () => {
    for (const choice of [
      { type: 'function', name: 'f' },
      { type: 'function', function: { name: 'f' } },
    ]) {
      const { request, echo } = parseOptions({ tools: [tool, other], tool_choice: choice })
      assert.deepEqual(request.toolChoice, { name: 'f' })
      assert.deepEqual(echo['tool_choice'], { type: 'function', name: 'f' })
    }
  })

  test('allowed tools are the only ones that a model is offered', () => {
    const names = [{ type: 'function', name: 'g' }]
    for (const [choice, mode] of [
      [{ type: 'allowed_tools', mode: 'required', tools: names }, 'required'],
      [{ type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: names } }, 'auto'],
      [{ type: 'allowed_tools', tools: names }, 'auto'],
    ] as const) {
      const { request, echo, allowed } = parseOptions({ tools: [tool, other], tool_choice: choice })
      assert.deepEqual([request.toolChoice, request.tools?.map(({ name }) => name)], [mode, ['g']])
      assert.deepEqual([...(allowed ?? [])], ['g'])
      assert.deepEqual(echo['tool_choice'], { type: 'allowed_tools', mode, tools: names })
      assert.equal((echo['tools'] as unknown[]).length, 2)
    }
  })

  test('with the choice none no tools are offered', () => {
    const { request, echo } = parseOptions({ tools: [tool], tool_choice: 'none' })
    assert.deepEqual(request, { stream: false })
    assert.deepEqual([echo['tool_choice'], (echo['tools'] as unknown[]).length], ['none', 1])
  })

  test('formats of text', () => {
    const schema = { type: 'object' }
    const flat = { type: 'json_schema', name: 'n', schema, strict: true, description: 'd' }
    const { request, echo } = parseOptions({ text: { format: flat, verbosity: 'low' } })
    assert.deepEqual(request.responseFormat, flat)
    assert.deepEqual(echo['text'], { format: flat, verbosity: 'low' })
    const nested = { type: 'json_schema', json_schema: { name: 'n', schema } }
    assert.deepEqual(parseOptions({ text: { format: nested } }).request.responseFormat, { type: 'json_schema', name: 'n', schema })
    assert.deepEqual(parseOptions({ text: { format: { type: 'json_object' } } }).request.responseFormat, { type: 'json_object' })
    assert.equal(parseOptions({ text: { format: { type: 'text' }, verbosity: 'odd' } }).request.responseFormat, undefined)
  })

  test('reasoning: a level nobody knows is ignored', () => {
    const known = parseOptions({ reasoning: { effort: 'xhigh', summary: 'auto' } })
    assert.equal(known.request.reasoningEffort, 'xhigh')
    assert.deepEqual(known.echo['reasoning'], { effort: 'xhigh', summary: 'auto' })
    const odd = parseOptions({ reasoning: { effort: 'odd', summary: 7 } })
    assert.equal(odd.request.reasoningEffort, undefined)
    assert.deepEqual(odd.echo['reasoning'], { effort: null, summary: null })
  })
})
