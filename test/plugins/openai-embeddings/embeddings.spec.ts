import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, jsonOf } from './boot.js'

const model = 'up/text-embedding'

describe('embeddings', () => {
  let it: Booted
  before(async () => void (it = await boot()))
  after(() => it.close())

  test('a text, with the whole reply and its headers', async () => {
    const response = await it.post({ model, input: 'hello' }, { headers: { 'x-request-id': 'request-12345' } })
    assert.equal(response.status, 200)
    const body = await jsonOf(response)
    const [{ embedding }] = body.data
    assert.equal(embedding.length, 8)
    assert.deepEqual(body, {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding }],
      model,
      usage: { prompt_tokens: 3, total_tokens: 3 },
    })
    const header = (name: string) => response.headers.get(name)
    assert.equal(header('content-type'), 'application/json; charset=utf-8')
    assert.equal(header('x-request-id'), 'request-12345')
    assert.equal(header('x-openclaw-agent-id'), 'main')
    assert.equal(header('x-openclaw-resolved-model'), model)
    assert.match(header('openai-processing-ms') ?? '', /^\d+$/)
    assert.equal(it.upstream.requests.at(-1)?.headers['x-request-id'], 'request-12345')
  })

  test('float and base64 agree; the openai package asks for base64 by itself', async () => {
    const input = ['one', 'two', 'one']
    const plain = await jsonOf(await it.post({ model, input }))
    const float = await it.client.embeddings.create({ model, input, encoding_format: 'float' })
    const encoded = await it.client.embeddings.create({ model, input, encoding_format: 'base64' })
    const byDefault = await it.client.embeddings.create({ model, input })
    assert.deepEqual(float.data, plain.data)
    assert.deepEqual(
      float.data.map(({ index }) => index),
      [0, 1, 2],
    )
    assert.notDeepEqual(float.data[0]?.embedding, float.data[1]?.embedding)
    assert.deepEqual(float.data[0]?.embedding, float.data[2]?.embedding)
    for (const [i, { embedding }] of float.data.entries()) {
      const rounded = embedding.map(Math.fround)
      const bytes = Buffer.from(encoded.data[i]?.embedding as unknown as string, 'base64')
      assert.deepEqual(
        rounded.map((_, at) => bytes.readFloatLE(at * 4)),
        rounded,
      )
      assert.equal(bytes.length, rounded.length * 4)
      assert.deepEqual([...(byDefault.data[i]?.embedding ?? [])], rounded)
    }
  })

  test('dimensions are passed on and kept', async () => {
    for (const dimensions of [1, 3, 64]) {
      const { data } = await it.client.embeddings.create({ model, input: ['a', 'b'], dimensions })
      assert.deepEqual(
        data.map(({ embedding }) => embedding.length),
        [dimensions, dimensions],
      )
      assert.equal(it.sent().at(-1).dimensions, dimensions)
    }
  })

  test('token arrays, one or many, reach the upstream as they are', async () => {
    const one = await it.client.embeddings.create({ model, input: [0, 15_339, 200_000] })
    assert.deepEqual(it.sent().at(-1).input, [[0, 15_339, 200_000]])
    const many = await it.client.embeddings.create({ model, input: [[1, 2], [3]] })
    assert.deepEqual(it.sent().at(-1).input, [[1, 2], [3]])
    assert.deepEqual([one.data.length, many.data.length], [1, 2])
  })

  test('what the upstream has no use for is not passed on; null is absent', async () => {
    const response = await it.post({ model, input: 'x', user: 7, encoding_format: null, dimensions: null, truncate: true })
    assert.equal(response.status, 200)
    assert.deepEqual(it.sent().at(-1), { model: 'text-embedding', input: ['x'], encoding_format: 'float' })
  })

  test('empty and blank texts are forwarded', async () => {
    const { data } = await it.client.embeddings.create({ model, input: ['', ' ', 'ok'] })
    assert.equal(data.length, 3)
    assert.deepEqual(it.sent().at(-1).input, ['', ' ', 'ok'])
  })

  test('any text survives', async () => {
    const input = ['naïve 💡 日本語', 'a"b\\c\n\0']
    assert.equal((await it.post({ model, input })).status, 200)
    assert.deepEqual(it.sent().at(-1).input, input)
  })

  test('every request fits the types of the vendor', () => assert.deepEqual(it.upstream.violations, []))
})
