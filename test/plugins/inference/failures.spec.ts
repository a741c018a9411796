import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Reply } from '../../support/upstream.js'
import { boot, type Booted, framesOf, jsonOf } from './boot.js'

interface Row {
  /** Also the name of the provider and of its model. */
  readonly id: string
  readonly reply?: Reply
  /** What the model of the fake upstream does by itself. */
  readonly model?: string
  readonly entry?: Record<string, unknown>
  readonly status: number
  readonly code: string
  readonly param?: string
  /** Requests to the upstream for one of the client's. */
  readonly calls: number
  readonly retryAfter?: string
  /** Whether an agent's fallback answers instead. */
  readonly moves: boolean
  /** What a streamed request gets after its 200. */
  readonly inStream?: string
  /** An answer that is not streamed is taken: it came as a whole. */
  readonly taken?: true
}

const limited = { message: 'Rate limit reached', code: 'rate_limit_exceeded' }
const quick = { timeouts: { headersMs: 300, idleMs: 300, connectMs: 500 } }
const rows: Row[] = [
  { id: 's400', reply: { status: 400 }, status: 400, code: 'upstream_rejected', calls: 1, moves: false },
  {
    id: 's400-param',
    reply: { status: 400, error: { message: 'Too hot.', param: 'temperature' } },
    status: 400,
    code: 'invalid_value',
    param: 'temperature',
    calls: 1,
    moves: false,
  },
  { id: 'overflow', status: 400, code: 'context_length_exceeded', param: 'messages', calls: 1, moves: false },
  { id: 's401', reply: { status: 401 }, status: 403, code: 'upstream_auth_error', calls: 1, moves: true },
  { id: 's403', reply: { status: 403 }, status: 403, code: 'upstream_auth_error', calls: 1, moves: true },
  { id: 's404', reply: { status: 404 }, status: 404, code: 'model_not_found', param: 'model', calls: 1, moves: false },
  { id: 's408', reply: { status: 408 }, status: 504, code: 'upstream_timeout', calls: 1, moves: true },
  {
    id: 's429',
    reply: { status: 429, error: limited },
    status: 429,
    code: 'upstream_rate_limited',
    calls: 3,
    retryAfter: '5',
    moves: true,
  },
  {
    id: 's429-after',
    reply: { status: 429, error: limited, headers: { 'retry-after': '30' } },
    status: 429,
    code: 'upstream_rate_limited',
    calls: 1,
    retryAfter: '30',
    moves: true,
  },
  { id: 's500', reply: { status: 500 }, status: 502, code: 'upstream_error', calls: 2, moves: true },
  { id: 's503', reply: { status: 503 }, status: 503, code: 'upstream_unavailable', calls: 1, retryAfter: '5', moves: true },
  {
    id: 's529',
    reply: { status: 529, headers: { 'retry-after': '7' } },
    status: 503,
    code: 'upstream_unavailable',
    calls: 1,
    retryAfter: '7',
    moves: true,
  },
  { id: 'refused', entry: { baseUrl: 'http://127.0.0.1:1/v1' }, status: 502, code: 'upstream_unavailable', calls: 0, moves: true },
  { id: 'no-headers', reply: { hang: 'headers' }, entry: quick, status: 504, code: 'upstream_timeout', calls: 1, moves: true },
  { id: 'reset', status: 502, code: 'upstream_error', calls: 2, moves: true },
  {
    id: 'stall',
    entry: quick,
    status: 504,
    code: 'upstream_timeout',
    calls: 1,
    moves: false,
    inStream: 'upstream_timeout',
  },
  { id: 'cut', status: 502, code: 'upstream_error', calls: 1, moves: false, inStream: 'upstream_error' },
  {
    id: 'truncated',
    status: 502,
    code: 'upstream_error',
    calls: 1,
    moves: false,
    inStream: 'upstream_error',
    taken: true,
  },
  { id: 'bad-json', status: 502, code: 'upstream_bad_response', calls: 1, moves: false, inStream: 'upstream_bad_response' },
]

describe('what becomes of an upstream that fails', { concurrency: true }, () => {
  let it: Booted
  before(async () => {
    const replies = new Map(rows.map(({ id, reply }) => [id, reply]))
    it = await boot({
      providers: {
        ...Object.fromEntries(rows.map(({ id, model = id, entry }) => [id, { models: [{ id: model }], ...entry }])),
        good: { models: [{ id: 'echo' }] },
      },
      agents: { list: rows.map(({ id, model = id }) => ({ id, model: { primary: `${id}/${model}`, fallbacks: ['good/echo'] } })) },
      respond: ({ body }) => replies.get(body.model),
    })
  })
  after(async () => {
    await it.close()
    assert.deepEqual(it.upstream.violations, [])
    assert.equal(calls('echo'), rows.filter(({ moves }) => moves).length, 'a request that names its model has no fallback')
  })
  /** Requests for a model, since they may run side by side with others. */
  const calls = (id: string) => it.asked().filter((asked) => asked === id).length

  const isError = async (response: Response, { status, code, param = null as never, retryAfter, taken }: Row) => {
    if (taken) return assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    const { error } = await jsonOf(response)
    assert.deepEqual([response.status, error.code, error.param], [status, code, param], JSON.stringify(error))
    assert.equal(response.headers.get('retry-after'), retryAfter ?? null)
    assert.equal(response.headers.get('x-openclaw-tried'), null)
    assert.ok(!JSON.stringify(error).includes('127.0.0.1'))
  }

  for (const row of rows)
    test(`${row.id}: ${row.status} ${row.code}, ${row.moves ? 'or the next model' : 'never another model'}, ${row.calls} calls`, async () => {
      const { id, model = id } = row
      // First, as a model that failed lately is passed over.
      const byAgent = await it.chat({}, { 'x-openclaw-agent-id': id })
      if (row.moves) {
        assert.equal(byAgent.status, 200)
        assert.equal(byAgent.headers.get('x-openclaw-resolved-model'), 'good/echo')
        assert.equal(byAgent.headers.get('x-openclaw-tried'), `${id}/${model}, good/echo`)
        const { model: named, choices } = await jsonOf(byAgent)
        assert.deepEqual([named, choices[0].message.content], ['good/echo', 'You said: hi'])
      } else await isError(byAgent, row)
      assert.equal(calls(model), row.calls)

      await isError(await it.chat({ model: `${id}/${model}` }), row)
      assert.equal(calls(model), 2 * row.calls)

      const streamed = await it.chat({ model: `${id}/${model}`, stream: true })
      if (row.inStream === undefined) await isError(streamed, row)
      else {
        assert.equal(streamed.status, 200)
        const frames = framesOf(await streamed.text())
        assert.equal(frames.at(-1), '[DONE]')
        assert.equal(frames.at(-2).error.code, row.inStream)
        assert.ok(!frames.some((frame) => frame.choices?.[0]?.finish_reason))
      }
      assert.equal(calls(model), 3 * row.calls)
    })
})

describe('what becomes of an answer that ends otherwise', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      providers: { up: { models: [{ id: 'filtered' }, { id: 'slow' }, { id: 'stall' }] }, good: { models: [{ id: 'echo' }] } },
      agents: { list: [{ id: 'main', model: { primary: 'up/slow', fallbacks: ['good/echo'] } }] },
      inference: { runTimeoutMs: 1_000, firstByteMs: 50 },
      respond: ({ body }) => (body.model === 'slow' ? { status: 503, delayMs: 300 } : undefined),
    })
  })
  after(() => it.close())
  beforeEach(() => void (it.upstream.requests.length = 0))

  test('a content filter is a finish, not an error', async () => {
    assert.equal((await jsonOf(await it.chat({ model: 'up/filtered' }))).choices[0].finish_reason, 'content_filter')
    const frames = framesOf(await (await it.chat({ model: 'up/filtered', stream: true })).text())
    assert.equal(frames.at(-2).choices[0].finish_reason, 'content_filter')
  })

  test('a whole run that takes too long is 504, or an error in the stream', async () => {
    const whole = await it.chat({ model: 'up/stall' })
    assert.deepEqual([whole.status, (await jsonOf(whole)).error.code], [504, 'upstream_timeout'])
    const frames = framesOf(await (await it.chat({ model: 'up/stall', stream: true })).text())
    assert.deepEqual([frames.at(-2).error.code, frames.at(-1)], ['upstream_timeout', '[DONE]'])
    assert.equal(it.asked().length, 2)
  })

  test('once a client was told which model answers, no other is asked', async () => {
    const streamed = await it.chat({ stream: true })
    assert.equal(streamed.headers.get('x-openclaw-resolved-model'), 'up/slow')
    const frames = framesOf(await streamed.text())
    assert.deepEqual([frames.at(-2).error.code, frames.at(-1)], ['upstream_unavailable', '[DONE]'])
    assert.deepEqual(it.asked(), ['slow'])
  })
})
