import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { EmbeddingRequest } from '../../../plugins/contracts/models.js'
import { dialectOf } from '../../../plugins/provider-openai/dialect.js'
import { embeddingBody } from '../../../plugins/provider-openai/embeddings.js'
import type { UpstreamOptions } from '../../support/upstream.js'
import { contextOf, failure, open } from './boot.js'

async function embedder(t: TestContext, upstream: UpstreamOptions = {}) {
  const opened = await open(t, { upstream, entry: { models: [{ id: 'text-embedding' }] } })
  const { provider } = opened.models().route({ model: 'fake/text-embedding', kind: 'embedding' })
  const embed = async (request: EmbeddingRequest, signal = new AbortController().signal) =>
    provider.embed?.('text-embedding', request, contextOf(signal))
  return { ...opened, embed }
}

describe('provider-openai: embeddings', () => {
  test('one vector for each text, with what was asked for', async (t) => {
    const { embed, body, upstream } = await embedder(t)
    const result = await embed({ input: ['a', 'b', 'a'], dimensions: 4 })
    assert.equal(result?.vectors.length, 3)
    assert.ok(result?.vectors.every((vector) => vector.length === 4))
    assert.deepEqual(result?.vectors[0], result?.vectors[2])
    assert.notDeepEqual(result?.vectors[0], result?.vectors[1])
    assert.equal(result?.promptTokens, 9)
    assert.deepEqual(body(), { model: 'text-embedding', input: ['a', 'b', 'a'], encoding_format: 'float', dimensions: 4 })
    assert.equal((await embed({ input: [[1, 2], [3]] }))?.vectors.length, 2)
    assert.deepEqual(upstream.violations, [])
  })

  const answer = (data: unknown): UpstreamOptions => ({
    respond: () => ({ raw: JSON.stringify({ data }), contentType: 'application/json' }),
  })

  test('comes back in the order of the texts, whatever order it came in', async (t) => {
    const { embed } = await embedder(
      t,
      answer([
        { index: 1, embedding: [1] },
        { index: 0, embedding: [0] },
      ]),
    )
    assert.deepEqual(await embed({ input: ['zero', 'one'] }), { vectors: [[0], [1]] })
  })

  test('the vendor is asked for base64; base64 is read wherever it comes from', async (t) => {
    const format = (host: string) => JSON.parse(embeddingBody('m', { input: ['a'] }, dialectOf(host, 'm', undefined))).encoding_format
    assert.deepEqual([format('api.openai.com'), format('127.0.0.1:8000')], ['base64', 'float'])
    const bytes = Buffer.alloc(8)
    bytes.writeFloatLE(0.25)
    bytes.writeFloatLE(-3, 4)
    const { embed } = await embedder(t, answer([{ index: 0, embedding: bytes.toString('base64') }]))
    assert.deepEqual(await embed({ input: ['zero'] }), { vectors: [[0.25, -3]] })
  })

  test('says what it takes', async (t) => {
    const { models } = await open(t, { entry: { embeddingBatch: 32 } })
    const { provider } = models().route({ model: 'fake/text-embedding', kind: 'embedding' })
    assert.deepEqual(provider.embeds, { tokens: true, inputs: 32 })
  })

  for (const [what, data] of [
    ['too few', [{ index: 0, embedding: [0] }]],
    [
      'the same index twice',
      [
        { index: 0, embedding: [0] },
        { index: 0, embedding: [1] },
      ],
    ],
    [
      'an index outside',
      [
        { index: 0, embedding: [0] },
        { index: 2, embedding: [1] },
      ],
    ],
    ['text that is no whole numbers', [{ embedding: 'AAAA' }, { embedding: [1] }]],
    ['no text', [{ embedding: '' }, { embedding: [1] }]],
    ['null in a vector', [{ embedding: [null] }, { embedding: [1] }]],
    ['no list', {}],
  ] as const) {
    test(`${what} is a bad response`, async (t) => {
      const { embed } = await embedder(t, answer(data))
      assert.equal((await failure(embed({ input: ['a', 'b'] }))).code, 'upstream_bad_response')
    })
  }

  test('fails and ends like a chat', async (t) => {
    const { embed, upstream } = await embedder(t, { respond: () => ({ status: 401 }) })
    assert.equal((await failure(embed({ input: ['a'] }))).code, 'upstream_auth_error')
    upstream.options = { respond: () => ({ hang: 'body', raw: '', resetAfter: 'request' }) }
    assert.equal((await failure(embed({ input: ['a'] }))).code, 'upstream_error')
    upstream.options = { respond: () => ({ hang: 'headers' }) }
    const client = new AbortController()
    const running = failure(embed({ input: ['a'] }, client.signal))
    setTimeout(() => client.abort(new Error('gone')), 100)
    assert.equal((await running).message, 'gone')
  })
})
