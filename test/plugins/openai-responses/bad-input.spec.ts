import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, jsonOf, weather } from './boot.js'

const user = { role: 'user', content: 'hello' }
const call = { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' }
const answer = { type: 'function_call_output', call_id: 'c1', output: 'sunny' }
const missing = 'Missing user message in `input`.'

/** Body, status, code, param, and the message where it is promised. */
const rows: Record<string, [body: unknown, code: string, param: string | null, message?: string]> = {
  'bad JSON': ['{"input":', 'invalid_json', null],
  'an array as body': ['[1]', 'invalid_value', null, 'Request body must be a JSON object.'],
  'an empty body': ['', 'missing_required_parameter', 'input', missing],
  'no input': [{}, 'missing_required_parameter', 'input', missing],
  'input null': [{ input: null }, 'missing_required_parameter', 'input', missing],
  'blank input': [{ input: ' \n' }, 'missing_required_parameter', 'input', missing],
  'no items': [{ input: [] }, 'missing_required_parameter', 'input', missing],
  'only system and assistant messages': [
    {
      input: [
        { role: 'system', content: 'x' },
        { role: 'assistant', content: 'y' },
      ],
    },
    'missing_required_parameter',
    'input',
    missing,
  ],
  'a number as input': [{ input: 7 }, 'invalid_value', 'input'],
  'input that is too long': [{ input: 'x'.repeat(10_485_761) }, 'invalid_value', 'input'],
  'an item that is no object': [{ input: ['x'] }, 'invalid_value', 'input[0]'],
  'an unknown role': [{ input: [{ role: 'tool', content: 'x' }] }, 'invalid_value', 'input[0].role'],
  'an unknown type of item': [{ input: [user, { type: 'web_search_call', id: 'x' }] }, 'invalid_value', 'input[1].type'],
  'content that is a number': [{ input: [{ role: 'user', content: 7 }] }, 'invalid_value', 'input[0].content'],
  'a part that is no object': [{ input: [{ role: 'user', content: ['x'] }] }, 'invalid_value', 'input[0].content[0]'],
  'an unknown part': [{ input: [{ role: 'user', content: [{ type: 'video' }] }] }, 'invalid_value', 'input[0].content[0].type'],
  'a part without text': [{ input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'invalid_value', 'input[0].content[0].text'],
  audio: [{ input: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 'unsupported_parameter', 'input[0].content[0]'],
  'an image of the system': [
    { input: [{ role: 'system', content: [{ type: 'input_image', image_url: 'data:x' }] }, user] },
    'invalid_value',
    'input[0].content[0].type',
  ],
  'T-API-04 an output without its call': [{ input: [user, answer] }, 'invalid_value', 'input[1].call_id'],
  'T-API-04 an output before its call': [{ input: [user, answer, call] }, 'invalid_value', 'input[1].call_id'],
  'T-API-04 an output that comes twice': [{ input: [user, call, answer, answer] }, 'invalid_value', 'input[3].call_id'],
  'an output that is a number': [{ input: [user, call, { ...answer, output: 7 }] }, 'invalid_value', 'input[2].output'],
  'a call without an output': [{ input: [user, call] }, 'invalid_value', 'input[1]'],
  'two calls of one id': [{ input: [user, call, call, answer] }, 'invalid_value', 'input[2].call_id'],
  'a call without an id': [{ input: [user, { ...call, call_id: undefined }] }, 'invalid_value', 'input[1].call_id'],
  'a call without a name': [{ input: [user, { ...call, name: '' }] }, 'invalid_value', 'input[1].name'],
  'a reference to nothing': [{ input: [user, { type: 'item_reference', id: 'msg_x' }] }, 'invalid_value', 'input[1].id', 'item not found'],
  'an unknown model': [{ model: 'up/nothing', input: 'x' }, 'model_not_found', 'model'],
  'a model that is a number': [{ model: 7, input: 'x' }, 'invalid_value', 'model'],
  'an unknown agent': [{ model: 'openclaw/nobody', input: 'x' }, 'agent_not_found', 'model'],
  'an unknown previous response': [
    { previous_response_id: 'resp_x', input: 'x' },
    'previous_response_not_found',
    'previous_response_id',
    "Previous response with id 'resp_x' not found.",
  ],
  'a previous response that is a number': [{ previous_response_id: 7, input: 'x' }, 'invalid_value', 'previous_response_id'],
  'T-API-05 in the background': [{ background: true, input: 'x' }, 'unsupported_parameter', 'background'],
  'T-API-05 a stored prompt': [{ prompt: { id: 'p' }, input: 'x' }, 'unsupported_parameter', 'prompt'],
  'T-API-05 a hosted tool': [{ input: 'x', tools: [{ type: 'web_search' }] }, 'unsupported_parameter', 'tools[0]'],
  'a tool without a name': [{ input: 'x', tools: [{ type: 'function' }] }, 'invalid_value', 'tools[0].name'],
  'a nested tool without a name': [{ input: 'x', tools: [{ type: 'function', function: {} }] }, 'invalid_value', 'tools[0].function.name'],
  'two tools of one name': [{ input: 'x', tools: [weather, weather] }, 'invalid_value', 'tools'],
  'tools that are no list': [{ input: 'x', tools: {} }, 'invalid_value', 'tools'],
  'a required call without tools': [{ input: 'x', tool_choice: 'required' }, 'invalid_value', 'tool_choice', 'invalid tool configuration'],
  'a choice that is not offered': [
    { input: 'x', tools: [weather], tool_choice: { type: 'function', name: 'tides' } },
    'invalid_value',
    'tool_choice',
  ],
  'a hosted choice': [{ input: 'x', tools: [weather], tool_choice: { type: 'web_search' } }, 'invalid_value', 'tool_choice'],
  'no allowed tools': [{ input: 'x', tools: [weather], tool_choice: { type: 'allowed_tools' } }, 'invalid_value', 'tool_choice.tools'],
  'an allowed tool that is not offered': [
    { input: 'x', tools: [weather], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'tides' }] } },
    'invalid_value',
    'tool_choice.tools[0]',
  ],
  'a mode of nobody': [
    { input: 'x', tools: [weather], tool_choice: { type: 'allowed_tools', mode: 'x', tools: [{ name: 'weather' }] } },
    'invalid_value',
    'tool_choice.mode',
  ],
  'a temperature of 9': [{ input: 'x', temperature: 9 }, 'invalid_value', 'temperature', '`temperature` must be between 0 and 2.'],
  'a top_p of 2': [{ input: 'x', top_p: 2 }, 'invalid_value', 'top_p'],
  'a penalty of 3': [{ input: 'x', presence_penalty: 3 }, 'invalid_value', 'presence_penalty'],
  'too many log probabilities': [{ input: 'x', top_logprobs: 21 }, 'invalid_value', 'top_logprobs'],
  'no tokens': [{ input: 'x', max_output_tokens: 0 }, 'invalid_value', 'max_output_tokens'],
  'no tool calls': [{ input: 'x', max_tool_calls: 0 }, 'invalid_value', 'max_tool_calls'],
  'a stream that is a word': [{ input: 'x', stream: 'yes' }, 'invalid_value', 'stream'],
  'a store that is a word': [{ input: 'x', store: 'no' }, 'invalid_value', 'store'],
  'instructions that are items': [{ input: 'x', instructions: [] }, 'invalid_value', 'instructions'],
  'a user that is a number': [{ input: 'x', user: 7 }, 'invalid_value', 'user'],
  'an unknown truncation': [{ input: 'x', truncation: 'some' }, 'invalid_value', 'truncation'],
  'reasoning that is a word': [{ input: 'x', reasoning: 'high' }, 'invalid_value', 'reasoning'],
  'a text that is a word': [{ input: 'x', text: 'json' }, 'invalid_value', 'text'],
  'an unknown format': [{ input: 'x', text: { format: { type: 'xml' } } }, 'invalid_value', 'text.format.type'],
  'a schema that is a list': [
    { input: 'x', text: { format: { type: 'json_schema', name: 'a', schema: [] } } },
    'invalid_value',
    'text.format.schema',
  ],
  'too many metadata': [
    { input: 'x', metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
    'invalid_value',
    'metadata',
  ],
  'metadata with a long key': [{ input: 'x', metadata: { ['k'.repeat(65)]: 'v' } }, 'invalid_value', 'metadata'],
  'metadata with a long value': [{ input: 'x', metadata: { k: 'v'.repeat(513) } }, 'invalid_value', 'metadata'],
  'metadata with a number': [{ input: 'x', metadata: { k: 1 } }, 'invalid_value', 'metadata'],
}
const notFound = new Set(['model_not_found', 'previous_response_not_found'])

describe('responses refuse', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())

  for (const [name, [body, code, param, message]] of Object.entries(rows))
    test(name, async () => {
      const asked = it.upstream.requests.length
      const reply = await it.post(body)
      const { error } = await jsonOf(reply)
      assert.deepEqual([reply.status, error.code, error.param], [notFound.has(code) ? 404 : 400, code, param], JSON.stringify(error))
      assert.equal(error.type, 'invalid_request_error')
      if (message !== undefined) assert.equal(error.message, message)
      assert.equal(it.upstream.requests.length, asked, 'the provider is not asked')
    })

  test('an error of a stream that has not begun is JSON with its status', async () => {
    const reply = await it.post({ input: 'x', stream: true, temperature: 9 })
    assert.equal(reply.status, 400)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
  })

  test('a body over the limit', async () => {
    const small = await boot({ responses: { maxBodyBytes: 1_024 } })
    const reply = await small.post({ input: 'x'.repeat(2_000) })
    assert.equal(reply.status, 413)
    assert.equal((await jsonOf(reply)).error.code, 'payload_too_large')
    await small.close()
  })

  test('the limit of a body grows with that of files', async () => {
    const large = await boot({ responses: { files: { maxBytes: 15_000_000 } } })
    assert.equal((await large.post({ input: 'x', padding: 'x'.repeat(25_000_000) })).status, 200)
    await large.close()
  })

  test('other methods and paths', async () => {
    assert.deepEqual(await status('GET', '/v1/responses'), [405, 'POST'])
    assert.deepEqual(await status('PUT', '/v1/responses/resp_x'), [405, 'DELETE, GET, POST'])
    const { id } = await jsonOf(await it.post({ input: 'x' }))
    const paths = [
      'POST /v1/responses/input_tokens',
      'POST /v1/responses/compact',
      `POST /v1/responses/${id}/cancel`,
      'GET /v1/responses/',
      `GET /v1/responses/${id}/x`,
      `GET /v1/responses/${id}/input_items/x`,
      `DELETE /v1/responses/${id}/input_items`,
    ]
    for (const line of paths) {
      const [method, path] = line.split(' ') as [string, string]
      const reply = await it.gateway.fetch(path, { method })
      assert.equal(reply.status, 404, line)
      assert.equal((await jsonOf(reply)).error.code, 'not_found', line)
    }
  })
  async function status(method: string, path: string) {
    const reply = await it.gateway.fetch(path, { method })
    return [reply.status, (reply.headers.get('allow') ?? '').split(', ').sort().join(', ')]
  }

  test('nobody without a credential, and no reader, may create or delete', async () => {
    const { id } = await jsonOf(await it.post({ input: 'x' }, { authorization: 'Bearer reader' }))
    assert.equal(id, undefined)
    for (const [headers, code] of [
      [{ authorization: '' }, 401],
      [{ authorization: 'Bearer reader' }, 403],
    ] as const) {
      assert.equal((await it.post({ input: 'x' }, headers)).status, code)
      for (const [method, path] of [
        ['DELETE', '/v1/responses/resp_x'],
        ['POST', '/v1/responses/resp_x/cancel'],
      ] as const)
        assert.equal((await it.gateway.fetch(path, { method, headers })).status, code)
    }
    assert.equal((await it.get('/v1/responses/resp_x', { authorization: '' })).status, 401)
    assert.equal((await it.get('/v1/responses/resp_x', { authorization: 'Bearer reader' })).status, 404)
  })
})
