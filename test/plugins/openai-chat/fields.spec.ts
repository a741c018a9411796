import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { parseOptions } from '../../../plugins/openai-chat/request.js'

const refusal = (body: Record<string, unknown>) => {
  try {
    parseOptions(body)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    return [error.code, error.param, error.message]
  }
  return assert.fail(`${JSON.stringify(body)} was accepted`)
}
const request = (body: Record<string, unknown>) => parseOptions(body).request

describe('chat request fields', () => {
  test('nothing sent is nothing forwarded', () => {
    assert.deepEqual(parseOptions({}), { request: { stream: false }, includeUsage: false })
  })

  test('null is the same as absent for every field', () => {
    const names =
      'stream stream_options tools tool_choice parallel_tool_calls functions function_call max_completion_tokens max_tokens ' +
      'temperature top_p presence_penalty frequency_penalty stop seed logit_bias logprobs top_logprobs n response_format ' +
      'reasoning_effort reasoning user modalities'
    assert.deepEqual(parseOptions(Object.fromEntries(names.split(' ').map((name) => [name, null]))), parseOptions({}))
  })

  test('fields that clients send and nobody needs are ignored', () => {
    const ignored = {
      metadata: { a: '1' },
      store: true,
      service_tier: 'auto',
      safety_identifier: 'x',
      prompt_cache_key: 'x',
      prediction: {},
      modalities: ['text'],
      verbosity: 'low',
      web_search_options: {},
      provider: 'x',
      chat_template_kwargs: {},
      options: { num_ctx: 1 },
      background_tasks: {},
      made_up: [],
    }
    assert.deepEqual(request(ignored), { stream: false })
  })

  test('every known field is forwarded', () => {
    const body = {
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      max_tokens: 5,
      temperature: 0,
      top_p: 1,
      presence_penalty: -2,
      frequency_penalty: 2,
      stop: 'END',
      seed: -3,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 3,
      reasoning_effort: 'low',
      user: 'u1',
    }
    assert.deepEqual(parseOptions(body), {
      includeUsage: true,
      request: {
        stream: true,
        maxTokens: 5,
        temperature: 0,
        topP: 1,
        presencePenalty: -2,
        frequencyPenalty: 2,
        stop: ['END'],
        seed: -3,
        logitBias: { '50256': -100 },
        logprobs: true,
        topLogprobs: 3,
        reasoningEffort: 'low',
        user: 'u1',
      },
    })
  })

  test('max_completion_tokens wins over max_tokens', () => {
    assert.equal(request({ max_tokens: 5, max_completion_tokens: 9 }).maxTokens, 9)
    assert.equal(request({ max_tokens: 5, max_completion_tokens: null }).maxTokens, 5)
  })

  test('stop takes up to 32 entries, newlines among them, and drops empty ones', () => {
    assert.deepEqual(request({ stop: ['', '\n', 'x'] }).stop, ['\n', 'x'])
    assert.deepEqual(request({ stop: ['a', 'b', 'c', 'd', 'e'] }).stop?.length, 5)
    assert.equal(request({ stop: [''] }).stop, undefined)
    assert.equal(request({ stop: Array.from({ length: 32 }, String) }).stop?.length, 32)
    assert.deepEqual(refusal({ stop: Array.from({ length: 33 }, String) }), ['invalid_value', 'stop', '`stop` takes at most 32 entries.'])
  })

  test('a reasoning effort nobody knows is ignored, reasoning.effort is the same field', () => {
    assert.equal(request({ reasoning_effort: 'enormous' }).reasoningEffort, undefined)
    assert.equal(request({ reasoning: { effort: 'xhigh' } }).reasoningEffort, 'xhigh')
    assert.equal(request({ reasoning_effort: 'none', reasoning: { effort: 'high' } }).reasoningEffort, 'none')
  })

  test('top_logprobs means nothing without logprobs', () => {
    assert.deepEqual(request({ top_logprobs: 3, logprobs: false }), { stream: false, logprobs: false })
  })

  const between = (name: string, low: number, high: number, bad: unknown) => [
    { [name]: bad },
    ['invalid_value', name, `\`${name}\` must be between ${low} and ${high}.`],
  ]
  const table: [Record<string, unknown>, string[]][] = [
    between('temperature', 0, 2, 9),
    between('temperature', 0, 2, -0.1),
    between('temperature', 0, 2, '1'),
    between('top_p', 0, 1, 1.1),
    between('presence_penalty', -2, 2, 2.5),
    between('frequency_penalty', -2, 2, -3),
    [{ stream: 'yes' }, ['invalid_value', 'stream', '`stream` must be a boolean.']],
    [{ stream: 1 }, ['invalid_value', 'stream', '`stream` must be a boolean.']],
    [{ stream_options: true }, ['invalid_value', 'stream_options', '`stream_options` must be an object.']],
    [{ max_tokens: 0 }, ['invalid_value', 'max_tokens', '`max_tokens` must be a positive integer.']],
    [{ max_completion_tokens: 1.5 }, ['invalid_value', 'max_completion_tokens', '`max_completion_tokens` must be a positive integer.']],
    [{ max_tokens: 1e300 }, ['invalid_value', 'max_tokens', '`max_tokens` must be a positive integer.']],
    [{ seed: 'x' }, ['invalid_value', 'seed', '`seed` must be an integer.']],
    [{ top_logprobs: 21 }, ['invalid_value', 'top_logprobs', '`top_logprobs` must be an integer between 0 and 20.']],
    [{ logprobs: 'true' }, ['invalid_value', 'logprobs', '`logprobs` must be a boolean.']],
    [{ logit_bias: { a: 101 } }, ['invalid_value', 'logit_bias', '`logit_bias` must map token ids to numbers between -100 and 100.']],
    [{ stop: [1] }, ['invalid_value', 'stop', '`stop` must be a string or an array of strings.']],
    [{ user: 7 }, ['invalid_value', 'user', '`user` must be a string.']],
    [{ n: 2 }, ['unsupported_parameter', 'n', '`n` must be 1: a reply has one choice.']],
    [{ modalities: ['text', 'audio'] }, ['unsupported_parameter', 'modalities', '`modalities` must be ["text"]: audio is not supported.']],
    [{ parallel_tool_calls: 0 }, ['invalid_value', 'parallel_tool_calls', '`parallel_tool_calls` must be a boolean.']],
  ] as [Record<string, unknown>, string[]][]
  for (const [body, expected] of table)
    test(`T-API-05 ${JSON.stringify(body)} is refused by name`, () => assert.deepEqual(refusal(body), expected))
  test('n of one is fine', () => assert.deepEqual(request({ n: 1 }), { stream: false }))
})

describe('response_format', () => {
  const format = (value: unknown) => request({ response_format: value }).responseFormat
  const schema = { type: 'object', properties: { a: { type: 'string' } } }

  test('text is a no-op, json_object goes on', () => {
    assert.equal(format({ type: 'text' }), undefined)
    assert.deepEqual(format({ type: 'json_object' }), { type: 'json_object' })
  })

  test('json_schema in its full form', () => {
    const json_schema = { name: 'answer', schema, strict: true, description: 'd' }
    assert.deepEqual(format({ type: 'json_schema', json_schema }), { type: 'json_schema', ...json_schema })
  })

  test('json_schema that is the schema itself, or has no name or a name backends refuse', () => {
    assert.deepEqual(format({ type: 'json_schema', json_schema: schema }), { type: 'json_schema', name: 'response', schema })
    assert.deepEqual(format({ type: 'json_schema', json_schema: { ...schema, title: 'My answer' } }), {
      type: 'json_schema',
      name: 'My_answer',
      schema: { ...schema, title: 'My answer' },
    })
    assert.deepEqual(format({ type: 'json_schema', json_schema: { schema } }), {
      type: 'json_schema',
      name: 'response',
      schema,
    })
    assert.deepEqual(format({ type: 'json_schema', json_schema: { name: 'x y', strict: null } }), {
      type: 'json_schema',
      name: 'x_y',
      schema: {},
    })
  })

  test('what cannot be understood is refused', () => {
    const code = (value: unknown) => refusal({ response_format: value }).slice(0, 2)
    assert.deepEqual(code('json'), ['invalid_value', 'response_format'])
    assert.deepEqual(code({ type: 'xml' }), ['invalid_value', 'response_format.type'])
    assert.deepEqual(code({ type: 'json_schema' }), ['invalid_value', 'response_format.json_schema'])
    assert.deepEqual(code({ type: 'json_schema', json_schema: { schema: 'x' } }), ['invalid_value', 'response_format.json_schema.schema'])
  })
})
