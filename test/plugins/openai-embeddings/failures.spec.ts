import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestGateway } from 'openclaw/testing'
import { GatewayError } from 'openclaw/plugin'
import http from '../../../plugins/http/index.js'
import type { Provider } from '../../../plugins/contracts/models.js'
import type { Reply } from '../../support/upstream.js'
import { answers, boot, type Booted, type BootOptions, embedder, invalid, jsonOf, lengths } from './boot.js'

const up = 'up/text-embedding'

async function ask(options: BootOptions, body: object) {
  const it = await boot(options)
  try {
    const response = await it.post({ model: up, input: 'x', ...body })
    return { status: response.status, headers: response.headers, body: await jsonOf(response), sent: it.sent(), log: it.gateway.log }
  } finally {
    await it.close()
  }
}

describe('embeddings failures of the upstream', () => {
  let it: Booted
  let reply: Reply
  before(async () => void (it = await boot({ respond: () => reply })))
  after(() => it.close())

  for (const [what, answer, status, code, retryAfter] of [
    ['a wrong key', { status: 401 }, 403, 'upstream_auth_error', null],
    ['no such model', { status: 404 }, 404, 'model_not_found', null],
    ['a rate limit', { status: 429, headers: { 'retry-after': '30' } }, 429, 'upstream_rate_limited', '30'],
    ['a fault', { status: 500 }, 502, 'upstream_error', null],
    ['overload', { status: 503, headers: { 'retry-after': '7' } }, 503, 'upstream_unavailable', '7'],
    ['a reset', { resetAfter: 'request' }, 502, 'upstream_error', null],
    ['broken JSON', { raw: '{broken', contentType: 'application/json' }, 502, 'upstream_bad_response', null],
    ['a refusal', { status: 400, error: { message: 'No.' } }, 400, 'upstream_rejected', null],
  ] as [string, Reply, number, string, string | null][])
    test(`${what}: ${status} ${code}`, async () => {
      reply = answer
      const response = await it.post({ model: up, input: 'x' })
      assert.deepEqual([response.status, (await jsonOf(response)).error.code], [status, code])
      assert.equal(response.headers.get('retry-after'), retryAfter)
      const entry = it.gateway.log.findLast(({ from }) => from === 'openai-embeddings')
      assert.equal(entry?.level, 'warn')
      assert.match(entry?.message ?? '', /^embeddings failed: ./)
    })

  test('a context overflow is about the input', async () => {
    const message = "This model's maximum context length is 8192 tokens."
    reply = { status: 400, error: { message, code: 'context_length_exceeded' } }
    const response = await it.post({ model: up, input: 'x' })
    assert.deepEqual(await jsonOf(response), invalid(message, 'context_length_exceeded'))
  })

  test('dimensions that the upstream refuses, or ignores, are unsupported', async () => {
    const message = 'This model does not support specifying dimensions.'
    reply = { status: 400, error: { message } }
    const refused = await it.post({ model: up, input: 'x', dimensions: 4 })
    assert.deepEqual([refused.status, await jsonOf(refused)], [400, invalid(message, 'unsupported_parameter', 'dimensions')])
    reply = { raw: JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }] }), contentType: 'application/json' }
    const ignored = await it.post({ model: up, input: 'x', dimensions: 4 })
    const own = "Model 'up/text-embedding' does not support `dimensions`: its vectors have 2, not 4."
    assert.deepEqual([ignored.status, await jsonOf(ignored)], [400, invalid(own, 'unsupported_parameter', 'dimensions')])
    assert.equal((await it.post({ model: up, input: 'x', dimensions: 2 })).status, 200)
  })

  test('token arrays that the upstream refuses: its words, and how to send text', async () => {
    reply = { status: 400, error: { message: 'invalid input type' } }
    const { error } = await jsonOf(await it.post({ model: up, input: [[1]] }))
    assert.match(error.message, /^invalid input type .*check_embedding_ctx_length=False\.$/)
    assert.deepEqual([error.code, error.param], ['upstream_rejected', 'input'])
  })

  test('vectors in base64 from a server that has its own ideas', async () => {
    const bytes = Buffer.from(Float32Array.of(0.5, -2).buffer).toString('base64')
    reply = { raw: JSON.stringify({ data: [{ index: 0, embedding: bytes }] }), contentType: 'application/json' }
    assert.deepEqual((await jsonOf(await it.post({ model: up, input: 'x' }))).data[0].embedding, [0.5, -2])
  })
})

describe('embeddings that are not what was asked for', () => {
  const mine = (provider: Provider, body: object = {}) => ask({ providers: [provider] }, { model: 'mine/vectors', ...body })

  for (const [what, vectors, said] of [
    ['vectors of different lengths', [[1, 2], [1]], /vectors of different lengths/],
    ['too few', [[1]], /another number of vectors/],
    ['too many', [[1], [2], [3]], /another number of vectors/],
    ['not a number', [[1], [Number.NaN]], /finite/],
    ['infinity', [[1], [Number.POSITIVE_INFINITY]], /finite/],
    ['too large for float32', [[1], [1e39]], /finite/],
    ['empty vectors', [[], []], /something else than vectors/],
    ['no vectors', [null, null], /something else than vectors/],
  ] as [string, unknown, RegExp][])
    for (const encoding_format of ['float', 'base64'])
      test(`${what}, in ${encoding_format}: 502`, async () => {
        const { status, body } = await mine(answers(vectors), { input: ['a', 'b'], encoding_format })
        assert.deepEqual([status, body.error.code], [502, 'upstream_bad_response'])
        assert.match(body.error.message, said)
      })

  test('lengths are compared across batches', async () => {
    const provider = embedder(async (_model, { input }) => ({ vectors: [Array(String(input[0]).length).fill(1)] }), {
      embeds: { inputs: 1 },
    })
    const { status, body } = await mine(provider, { input: ['a', 'a', 'bb'] })
    assert.deepEqual([status, body.error.code], [502, 'upstream_bad_response'])
  })

  test('what the plugin itself breaks is a fault: 500 without its text', async () => {
    const { status, body } = await mine(embedder(() => Promise.reject(new Error('secret'))))
    assert.deepEqual([status, body.error], [500, { message: 'internal error', type: 'api_error', param: null, code: 'internal_error' }])
  })

  test('empty texts that are refused are sent again as spaces, once, and only those', async () => {
    const refusesEmpty = (error: GatewayError) => {
      const asked: unknown[] = []
      const embed: NonNullable<Provider['embed']> = async (_model, request) => {
        asked.push(request.input)
        if ((request.input as string[]).some((text) => text.length < 1 || text === 'never')) throw error
        return { vectors: lengths(request) }
      }
      return { asked, provider: embedder(embed) }
    }
    const rejection = new GatewayError('invalid_value', 'input cannot be an empty string', { param: 'input' })
    const first = refusesEmpty(rejection)
    const { status, body } = await mine(first.provider, { input: ['', 'ab', ''] })
    assert.equal(status, 200)
    assert.deepEqual(
      body.data.map(({ embedding }: any) => embedding),
      [[1], [2], [1]],
    )
    assert.deepEqual(first.asked, [
      ['', 'ab', ''],
      [' ', 'ab', ' '],
    ])
    const second = refusesEmpty(rejection)
    assert.equal((await mine(second.provider, { input: ['', 'never'] })).status, 400)
    assert.equal(second.asked.length, 2)
    const third = refusesEmpty(rejection)
    assert.equal((await mine(third.provider, { input: ['never'] })).status, 400)
    assert.equal(third.asked.length, 1)
    const broken = refusesEmpty(new GatewayError('upstream_error', 'broke'))
    assert.equal((await mine(broken.provider, { input: [''] })).status, 502)
    assert.equal(broken.asked.length, 1)
  })
})

describe('embeddings turned off', () => {
  test('404 endpoint_disabled', async () => {
    const gateway = await createTestGateway({ plugins: [{ plugin: http, config: { disabledPaths: ['/v1/embeddings'] } }] })
    const response = await gateway.fetch('/v1/embeddings', { method: 'POST', body: '{}' })
    assert.deepEqual([response.status, (await jsonOf(response)).error.code], [404, 'endpoint_disabled'])
    await gateway.close()
  })
})
