import assert from 'node:assert/strict'
import { APIError } from 'openai'
import { GatewayError } from 'openclaw/plugin'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, delays, breaks, framesOf, hangs, jsonOf, refuses, says, stop, text, until } from './boot.js'

const ask = [{ role: 'user' as const, content: 'hi' }]
const key = 'sk-canary-0123456789abcdef'

const upstream: [code: string, status: number, type: string, shown?: string][] = [
  ['upstream_rejected', 400, 'invalid_request_error'],
  ['context_length_exceeded', 400, 'invalid_request_error'],
  ['upstream_auth_error', 403, 'api_error'],
  ['model_not_found', 404, 'invalid_request_error'],
  ['upstream_rate_limited', 429, 'rate_limit_error'],
  ['upstream_error', 502, 'api_error'],
  ['upstream_bad_response', 502, 'api_error'],
  ['upstream_unavailable', 502, 'api_error'],
  ['upstream_overloaded', 503, 'api_error', 'upstream_unavailable'],
  ['upstream_timeout', 504, 'api_error'],
]

describe('chat upstream errors', () => {
  let it: Booted
  before(async () => {
    const scripts = Object.fromEntries(
      upstream.flatMap(([code]) => [
        [`early-${code}`, refuses(code)],
        [`late-${code}`, breaks(new GatewayError(code, `upstream said ${code}`), [text('par')], [text('tial')])],
      ]),
    )
    it = await boot({
      ...scripts,
      main: says([stop]),
      crash: () => {
        throw new Error(`our bug, with ${key}`)
      },
      'late-crash': breaks(new Error(`our bug, with ${key}`), [text('a')]),
      foreign: refuses('some_code_of_a_plugin', `secret ${key}`),
      'no-finish': says([text('a')]),
      'no-finish-tool': says([{ type: 'tool', index: 0, id: 'a', name: 'f', arguments: '{' }]),
      'no-call': says([text('no'), stop]),
    })
  })
  after(() => it.close())
  const stream = async (model: string, more: object = {}) =>
    framesOf(await (await it.post({ model: `fake/${model}`, messages: ask, stream: true, ...more })).text())

  for (const [code, status, type, shown = code] of upstream) {
    for (const streamed of [false, true])
      test(`${code} before the first byte is JSON with status ${status}, ${streamed ? 'streamed' : 'whole'}`, async () => {
        const response = await it.post({ model: `fake/early-${code}`, messages: ask, stream: streamed })
        assert.equal(response.status, status)
        assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
        const error = { message: `upstream said ${code}`, type, param: null, code: shown }
        assert.deepEqual(await response.json(), { error })
      })
    test(`T-API-07 ${code} in the middle is one error frame before [DONE], with no finish`, async () => {
      const frames = await stream(`late-${code}`)
      const error = { message: `upstream said ${code}`, type, param: null, code: shown }
      assert.deepEqual(frames.slice(-2), [{ error }, '[DONE]'])
      const chunks = frames.slice(0, -2)
      assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content).join(''), 'partial')
      assert.ok(chunks.every((chunk) => chunk.choices[0].finish_reason === null))
    })
    test(`${code} in the middle of a whole reply is its status`, async () => {
      assert.equal((await it.post({ model: `fake/late-${code}`, messages: ask })).status, status)
    })
  }

  test('T-API-07 the openai client raises a cut stream, and an interruption is logged', async () => {
    const chunks = await it.client.chat.completions.create({ model: 'fake/late-upstream_error', messages: ask, stream: true })
    await assert.rejects(
      async () => {
        for await (const chunk of chunks) assert.equal(chunk.choices[0]?.finish_reason, null)
      },
      (error) => error instanceof APIError && error.code === 'upstream_error',
    )
    await assert.rejects(it.client.chat.completions.stream({ model: 'fake/late-upstream_error', messages: ask }).finalContent())
    const line = it.gateway.log.findLast(({ message }) => message.startsWith('stream interrupted'))
    assert.deepEqual([line?.level, line?.fields?.['code'], line?.fields?.['model']], ['warn', 'upstream_error', 'fake/late-upstream_error'])
  })

  test('T-API-07 a model that stops without a finish is an error, at every kind of event', async () => {
    for (const model of ['no-finish', 'no-finish-tool']) {
      const frames = await stream(model)
      assert.equal(frames.at(-2).error.code, 'upstream_error')
      assert.ok(!JSON.stringify(frames).includes('"finish_reason":"'))
      assert.equal((await it.post({ model: `fake/${model}`, messages: ask })).status, 502)
    }
  })

  test('T-API-06 what a plugin throws stays in the log', async () => {
    for (const model of ['crash', 'foreign']) {
      const response = await it.post({ model: `fake/${model}`, messages: ask })
      assert.equal(response.status, 500)
      const error = { message: 'internal error', type: 'api_error', param: null, code: 'internal_error' }
      assert.deepEqual(await response.json(), { error })
    }
    const frames = await stream('late-crash')
    assert.equal(frames.at(-2).error.message, 'internal error')
    assert.ok(!JSON.stringify(frames).includes(key))
    assert.ok(it.gateway.log.some(({ level, message }) => level === 'error' && message.includes('our bug')))
  })

  test('required tool calls that do not come', async () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    for (const tool_choice of ['required', tools[0]]) {
      const response = await it.post({ model: 'fake/no-call', messages: ask, tools, tool_choice })
      assert.equal(response.status, 502)
      assert.equal((await jsonOf(response)).error.code, 'upstream_bad_response')
      assert.equal((await stream('no-call', { tools, tool_choice })).at(-2).error.code, 'upstream_bad_response')
    }
  })
})

describe('chat stream timing', () => {
  let it: Booted
  before(async () => {
    it = await boot(
      {
        main: says([stop]),
        slow: delays(400, says([text('late'), stop])),
        'slow-error': delays(400, refuses('upstream_unavailable')),
        silent: hangs([[text('a')]]),
        deaf: hangs([[text('a')]], true),
      },
      { inference: { firstByteMs: 100, keepAliveMs: 100, runTimeoutMs: 1_000 } },
    )
  })
  after(() => it.close())

  test('a stream answers 200 in time although the model has not', async () => {
    const began = performance.now()
    const response = await it.post({ model: 'fake/slow', messages: ask, stream: true })
    assert.equal(response.status, 200)
    assert.ok(performance.now() - began < 350)
    const wire = await response.text()
    assert.match(wire, /^: keepalive$/m)
    assert.equal(framesOf(wire)[0].choices[0].delta.role, 'assistant')
    assert.equal(framesOf(wire).at(-2).choices[0].finish_reason, 'stop')
  })

  test('an error after that is in the stream', async () => {
    const frames = framesOf(await (await it.post({ model: 'fake/slow-error', messages: ask, stream: true })).text())
    assert.deepEqual([frames.length, frames[1].error.code, frames[2]], [3, 'upstream_unavailable', '[DONE]'])
  })

  for (const model of ['silent', 'deaf']) {
    test(`the whole run has a deadline, ${model}, streamed`, async () => {
      const wire = await (await it.post({ model: `fake/${model}`, messages: ask, stream: true })).text()
      assert.ok(wire.split(': keepalive\n\n').length > 3)
      const { error } = framesOf(wire).at(-2)
      assert.deepEqual([error.code, error.message], ['upstream_timeout', 'The answer took longer than 1000 ms.'])
      assert.notEqual(it.asked.at(-1)?.abortedAt, undefined)
    })
    test(`the whole run has a deadline, ${model}, whole`, async () => {
      const response = await it.post({ model: `fake/${model}`, messages: ask })
      assert.equal(response.status, 504)
    })
  }

  test('a shutdown ends a stream with an error', async () => {
    const own = await boot({ main: hangs([[text('a')]]) })
    const response = await own.post({ model: 'fake/main', messages: ask, stream: true })
    await until('the first delta', () => own.asked.length === 1)
    const [wire] = await Promise.all([response.text(), own.close()])
    assert.equal(framesOf(wire).at(-2).error.code, 'shutting_down')
  })
})
