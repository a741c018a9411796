import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, jsonOf, refuses, says, stop, text } from './boot.js'

const ask = [{ role: 'user', content: 'hi' }]
const invalid = (message: string, code: string, param: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param, code },
})

describe('chat bad input', () => {
  let it: Booted
  before(async () => {
    it = await boot(
      { main: says([text('ok'), stop]), other: says([stop]), busy: refuses('upstream_rate_limited', 'busy', { retryAfterS: 30 }) },
      {
        chat: { maxBodyBytes: 4_096 },
        agents: { defaults: { model: { primary: 'fake/main' }, models: { 'fake/main': {}, 'fake/busy': {} } } },
      },
    )
  })
  after(() => it.close())

  const refused = async (response: Response, status: number, body: unknown) => {
    assert.deepEqual(await jsonOf(response), body)
    assert.equal(response.status, status)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.ok(response.headers.get('x-request-id'))
  }

  test('no credential, a wrong one', async () => {
    for (const authorization of ['', 'Bearer wrong']) {
      const response = await it.post({ messages: ask }, { headers: { authorization } })
      await refused(response, 401, { error: { message: 'Unauthorized', type: 'unauthorized', param: null, code: 'invalid_api_key' } })
    }
  })

  test('the wrong method, also without a credential', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await it.gateway.fetch('/v1/chat/completions', { method, headers: { authorization: '' } })
      assert.deepEqual([response.status, response.headers.get('allow'), await response.text()], [405, 'POST', 'Method Not Allowed'])
    }
  })

  test('bad JSON, also compressed or as a form', async () => {
    const response = await it.post('{"messages":')
    assert.equal(response.status, 400)
    const { error } = await jsonOf(response)
    assert.match(error.message, /^Invalid JSON: ./)
    assert.deepEqual([error.type, error.code, error.param], ['invalid_request_error', 'invalid_json', null])
    const form = new FormData()
    form.set('messages', 'x')
    const multipart = await it.gateway.fetch('/v1/chat/completions', { method: 'POST', body: form })
    assert.equal((await jsonOf(multipart)).error.code, 'invalid_json')
    const body = new Uint8Array(gzipSync(JSON.stringify({ messages: ask })))
    const gzip = await it.gateway.fetch('/v1/chat/completions', { method: 'POST', body, headers: { 'content-encoding': 'gzip' } })
    assert.equal((await jsonOf(gzip)).error.code, 'invalid_json')
  })

  test('JSON under another Content-Type is read', async () => {
    const response = await it.post({ model: 'fake/main', messages: ask }, { headers: { 'content-type': 'text/plain' } })
    assert.equal(response.status, 200)
  })

  for (const body of ['[]', '"text"', '5', 'null'])
    test(`a body that is ${body}`, async () =>
      refused(await it.post(body), 400, invalid('Request body must be a JSON object.', 'invalid_value')))

  test('a body over the limit, declared and in pieces', async () => {
    const large = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(5_000) }] })
    const expected = invalid('Payload too large', 'payload_too_large')
    const declared = await it.post(large)
    assert.equal(declared.headers.get('connection'), 'close')
    await refused(declared, 413, expected)
    const pieces = new ReadableStream({
      start(controller) {
        for (let i = 0; i < large.length; i += 1_000) controller.enqueue(new TextEncoder().encode(large.slice(i, i + 1_000)))
        controller.close()
      },
    })
    await refused(await it.post('', { body: pieces, duplex: 'half' } as RequestInit), 413, expected)
  })

  const table: [string, object, Record<string, string>, number, unknown][] = [
    ['an empty body', {}, {}, 400, invalid('Missing user message in `messages`.', 'missing_required_parameter', 'messages')],
    ['no messages', { messages: [] }, {}, 400, invalid('Missing user message in `messages`.', 'missing_required_parameter', 'messages')],
    [
      'a bad role',
      { messages: [...ask, { role: 'robot', content: 'x' }] },
      {},
      400,
      invalid("`messages[1].role` must be system, developer, user, assistant or tool, not 'robot'.", 'invalid_value', 'messages[1].role'),
    ],
    [
      'a tool message without its call',
      { messages: [...ask, { role: 'tool', tool_call_id: 'c', content: 'x' }] },
      {},
      400,
      invalid(
        "`messages[1].tool_call_id` must be the id of an earlier tool call, 'c' is not.",
        'invalid_value',
        'messages[1].tool_call_id',
      ),
    ],
    ['two choices', { n: 2, messages: ask }, {}, 400, invalid('`n` must be 1: a reply has one choice.', 'unsupported_parameter', 'n')],
    [
      'temperature 9',
      { temperature: 9, messages: ask },
      {},
      400,
      invalid('`temperature` must be between 0 and 2.', 'invalid_value', 'temperature'),
    ],
    [
      'a remote image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://127.0.0.1/a.png' } }] }] },
      {},
      400,
      invalid('Invalid image_url content in `messages`.', 'invalid_value', 'messages[0].content[0].image_url'),
    ],
    [
      'an unknown model',
      { model: 'fake/nothing', messages: ask },
      {},
      404,
      invalid("The model 'fake/nothing' does not exist or you do not have access to it.", 'model_not_found', 'model'),
    ],
    [
      'an unknown x-openclaw-model',
      { messages: ask },
      { 'x-openclaw-model': 'fake/nothing' },
      404,
      invalid("The model 'fake/nothing' does not exist or you do not have access to it.", 'model_not_found', 'x-openclaw-model'),
    ],
    [
      'a malformed x-openclaw-model',
      { messages: ask },
      { 'x-openclaw-model': 'nope/' },
      400,
      invalid('Invalid `x-openclaw-model`.', 'invalid_value', 'x-openclaw-model'),
    ],
    [
      'a model outside of the agent’s list',
      { model: 'fake/other', messages: ask },
      {},
      400,
      invalid("Model 'fake/other' is not allowed for agent 'main'.", 'model_not_allowed', 'model'),
    ],
    [
      'an unknown agent by header',
      { messages: ask },
      { 'x-openclaw-agent-id': 'nobody' },
      400,
      invalid("Unknown agent 'nobody'.", 'agent_not_found', 'x-openclaw-agent-id'),
    ],
    [
      'an unknown agent by alias',
      { model: 'openclaw/nobody', messages: ask },
      {},
      400,
      invalid("Unknown agent 'nobody'.", 'agent_not_found', 'model'),
    ],
  ]
  for (const [what, body, headers, status, expected] of table)
    for (const stream of [false, true])
      test(`${what}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const asked = it.asked.length
        await refused(await it.post({ ...body, stream }, { headers }), status, expected)
        assert.equal(it.asked.length, asked, 'the provider was not asked')
      })

  test('fields are checked before the model, the model before the messages', async () => {
    const all = { temperature: 9, model: 'fake/nothing', messages: [] }
    assert.equal((await jsonOf(await it.post(all))).error.param, 'temperature')
    assert.equal((await jsonOf(await it.post({ ...all, temperature: 1 }))).error.param, 'model')
  })

  test('upstream busy: Retry-After is passed on', async () => {
    const response = await it.post({ model: 'fake/busy', messages: ask, stream: true })
    assert.equal(response.headers.get('retry-after'), '30')
    await refused(response, 429, {
      error: { message: 'busy', type: 'rate_limit_error', param: null, code: 'upstream_rate_limited' },
    })
  })

  test('a bad Idempotency-Key', async () => {
    const response = await it.post({ messages: ask }, { headers: { 'idempotency-key': 'x'.repeat(256) } })
    assert.equal((await jsonOf(response)).error.param, 'idempotency-key')
  })
})
