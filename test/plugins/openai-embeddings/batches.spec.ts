import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EmbeddingRequest } from '../../../plugins/contracts/models.js'
import { boot, embedder, jsonOf, lengths, type BootOptions } from './boot.js'

async function open(options: BootOptions, body: object) {
  const it = await boot(options)
  try {
    const response = await it.post(body)
    return { status: response.status, body: await jsonOf(response), sent: it.sent().map(({ input }) => input) }
  } finally {
    await it.close()
  }
}

const texts = Array.from({ length: 2_048 }, (_, i) => `text ${i}`)

/** The first number of each vector tells which input it is for, and whoever is asked last answers first. */
function reversing(upTo: number) {
  const waiting: (() => void)[] = []
  return async (_model: string, { input }: EmbeddingRequest) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
      if (waiting.length === upTo) for (const release of waiting.splice(0).reverse()) release()
    })
    return { vectors: (input as string[]).map((text) => [Number(text.slice(5)), 1]) }
  }
}

describe('embeddings in batches', () => {
  test('2,048 inputs in one request are eight of the upstream, in order', async () => {
    const { status, body, sent } = await open({}, { model: 'up/text-embedding', input: texts })
    assert.equal(status, 200)
    assert.deepEqual(
      body.data.map(({ index }: any) => index),
      texts.map((_, i) => i),
    )
    assert.equal(new Set(body.data.map(({ embedding }: any) => JSON.stringify(embedding))).size, 2_048)
    assert.ok(sent.every(({ length }) => length === 256))
    assert.deepEqual(sent.flat().sort(), [...texts].sort())
    assert.equal(body.usage.prompt_tokens, 2_048 * 3)
  })

  test('one request of 2,048 where the server takes so many', async () => {
    const { sent } = await open({ entry: { embeddingBatch: 2_048 } }, { model: 'up/text-embedding', input: texts })
    assert.deepEqual(sent, [texts])
  })

  test('answers that overtake each other are put back in order, in both formats', async () => {
    const provider = embedder(reversing(4), { embeds: { inputs: 512 } })
    for (const encoding_format of ['float', 'base64']) {
      const { body } = await open({ providers: [provider] }, { model: 'mine/vectors', input: texts, encoding_format })
      const first = ({ embedding }: any) => (encoding_format === 'float' ? embedding[0] : Buffer.from(embedding, 'base64').readFloatLE(0))
      assert.deepEqual(
        body.data.map((item: any) => [item.index, first(item)]),
        texts.map((_, i) => [i, i]),
      )
    }
  })

  test('long texts are split by their size; one that is larger than a batch goes alone', async () => {
    const input = [60_000, 60_000, 60_000, 60_000, 60_000, 300_000, 5].map((length) => 'x'.repeat(length))
    const { status, sent } = await open({ embeddings: { maxInputChars: 300_000 } }, { model: 'up/text-embedding', input })
    assert.equal(status, 200)
    assert.deepEqual(sent.map((batch) => batch.map(({ length }: string) => length)).sort(), [
      [300_000],
      [5],
      [60_000],
      [60_000, 60_000, 60_000, 60_000],
    ])
  })

  test('not more than four calls at once', async () => {
    let now = 0
    let most = 0
    const provider = embedder(
      async (_model, request) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
        return { vectors: lengths(request) }
      },
      { embeds: { inputs: 10 } },
    )
    assert.equal((await open({ providers: [provider] }, { model: 'mine/vectors', input: texts })).status, 200)
    assert.equal(most, 4)
  })

  test('usage that only some calls report is completed by an estimate', async () => {
    const provider = embedder(
      async (_model, request) => ({ vectors: lengths(request), ...(request.input[0] === 'text 0' && { promptTokens: 100 }) }),
      { embeds: { inputs: 2, tokens: true } },
    )
    const ask = async (input: unknown) => (await open({ providers: [provider] }, { model: 'mine/vectors', input })).body.usage
    assert.deepEqual(await ask(['text 0', 'b', 'abcd', 'e']), { prompt_tokens: 102, total_tokens: 102 })
    assert.deepEqual(await ask('12345'), { prompt_tokens: 2, total_tokens: 2 })
    assert.deepEqual(await ask([[1, 2, 3], [4], [5, 6]]), { prompt_tokens: 6, total_tokens: 6 })
    assert.deepEqual(await ask(''), { prompt_tokens: 0, total_tokens: 0 })
  })
})
