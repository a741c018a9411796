import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, jsonOf, textOf } from './boot.js'
import { checkResponse, checkStream } from './check.js'

/** Before the first byte: model, status, code. */
const refused: [string, number, string][] = [
  ['status-400', 400, 'upstream_rejected'],
  ['status-401', 403, 'upstream_auth_error'],
  ['overflow', 400, 'context_length_exceeded'],
  ['rate-limited', 429, 'upstream_rate_limited'],
  ['status-500', 502, 'upstream_error'],
]
/** In the middle of an answer. */
const broken: [string, string][] = [
  ['cut', 'upstream_error'],
  ['truncated', 'upstream_error'],
  ['bad-json', 'upstream_bad_response'],
]

describe('responses whose model fails', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      respond: ({ body }) =>
        body?.messages.at(-1).content === 'slowly' ? { text: 'word '.repeat(40), chunks: 40, chunkDelayMs: 5 } : undefined,
    })
  })
  after(() => it.close())

  for (const [id, status, code] of refused)
    for (const stream of [false, true])
      test(`${code} is an error with its status ${stream ? 'before a stream' : 'in place of an answer'}`, async () => {
        const reply = await it.post({ model: `up/${id}`, input: 'hello', stream })
        const { error } = await jsonOf(reply)
        assert.deepEqual([reply.status, error.code], [status, code])
        assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
        if (status === 429) assert.equal(reply.headers.get('retry-after'), '30')
      })

  for (const [id, code] of broken) {
    test(`T-API-07 ${id} in the middle of a stream is the error, the failed response and the mark`, async () => {
      const { types, events, response } = checkStream(await (await it.post({ model: `up/${id}`, input: 'hello', stream: true })).text())
      assert.deepEqual(types.slice(-2), ['error', 'response.failed'])
      assert.deepEqual([events.at(-2).code, events.at(-2).error.code, response.error.code], [code, code, code])
      assert.deepEqual([response.output, response.usage], [[], null])
    })
    // What is whole is not cut: without a reason too, it is an answer.
    if (id !== 'truncated')
      test(`${id} in the middle of a whole answer is an error with its status`, async () => {
        const reply = await it.post({ model: `up/${id}`, input: 'hello' })
        assert.deepEqual([reply.status, (await jsonOf(reply)).error.type], [502, 'api_error'])
      })
  }

  test('a filtered answer is incomplete, whole and streamed', async () => {
    const whole = checkResponse(await jsonOf(await it.post({ model: 'up/filtered', input: 'hello' })))
    const { response, types } = checkStream(await (await it.post({ model: 'up/filtered', input: 'hello', stream: true })).text())
    assert.equal(types.at(-1), 'response.incomplete')
    for (const { status, incomplete_details } of [whole, response])
      assert.deepEqual([status, incomplete_details], ['incomplete', { reason: 'content_filter' }])
  })

  test('a run that takes too long fails its stream', async () => {
    const hasty = await boot({ inference: { runTimeoutMs: 1_000 } })
    const { response } = checkStream(await (await hasty.post({ model: 'up/stall', input: 'hello', stream: true })).text())
    assert.equal(response.error.code, 'upstream_timeout')
    await hasty.close()
  })

  test('a repeated request gets the same response; T-API-08 but not with another credential', async () => {
    const ask = async (headers = {}) =>
      jsonOf(await it.post({ model: 'up/echo', input: 'once' }, { 'idempotency-key': 'again', ...headers }))
    const asked = it.upstream.requests.length
    const [first, second] = [await ask(), await ask()]
    assert.equal(first.id, second.id)
    assert.equal(it.upstream.requests.length, asked + 1)
    assert.notEqual((await ask({ authorization: 'Bearer key-a' })).id, first.id)
  })

  test('a reload in the middle of a stream neither cuts it nor loses its response', async () => {
    const reply = await it.post({ model: 'up/echo', input: 'slowly', stream: true })
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader() as ReadableStreamDefaultReader<string>
    let wire = (await reader.read()).value ?? ''
    await it.replace()
    for (let step = await reader.read(); !step.done; step = await reader.read()) wire += step.value
    const { response } = checkStream(wire)
    assert.equal(textOf(response), 'word '.repeat(40))
    assert.deepEqual(await jsonOf(await it.get(`/v1/responses/${response.id}`)), response)
  })
})
