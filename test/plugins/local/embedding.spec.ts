import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { EmbeddingRequest, Provider } from '../../../plugins/contracts/models.js'
import { cut, embedTexts } from '../../../plugins/local/embedding.js'
import type { WorkerHost } from '../../../plugins/local/worker-host.js'
import { contextOf, open } from './boot.js'

const embed = (provider: Provider, request: EmbeddingRequest, cancellation?: Canceller) =>
  provider.embed?.('use-lite-en', request, contextOf(cancellation)) as Promise<{ vectors: number[][]; promptTokens?: number }>
const dot = (a: number[] = [], b: number[] = []) => a.reduce((sum, part, i) => sum + part * (b[i] as number), 0)

/** What would be computed, without computing it. */
function recorder(each: (batch: readonly string[]) => void = () => undefined) {
  const batches: (readonly string[])[] = []
  const ask = (async (job: { texts: readonly string[] }, cancellation: Canceller) => {
    if (cancellation.aborted) throw cancellation.reason
    batches.push(job.texts)
    each(job.texts)
    return job.texts.map(() => new Float32Array(512).fill(1))
  }) as unknown as WorkerHost['ask']
  return { ask, batches }
}

describe('local/use-lite-en', () => {
  test('vectors of length 1 and 512 dimensions, nearer for what means the same', async (t) => {
    const { models } = await open(t)
    const { provider } = models().route({ model: 'local/use-lite-en', kind: 'embedding' })
    const input = [
      'How do I end the program?',
      'The way to stop the application',
      'A recipe for apple pie',
      `${'Apple pie with cream. '.repeat(80)}`,
    ]
    const { vectors, promptTokens } = await embed(provider, { input })
    assert.deepEqual(
      vectors.map(({ length }) => length),
      [512, 512, 512, 512],
    )
    for (const vector of vectors) assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-6)
    assert.ok(dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]) + 0.1)
    assert.ok(dot(vectors[2], vectors[3]) > dot(vectors[0], vectors[3]) + 0.1)
    assert.equal(promptTokens, Math.ceil(input.join('').length / 4))
  })

  test('refuses what it cannot do', async () => {
    const { ask } = recorder()
    const refused = (request: EmbeddingRequest) => embedTexts(ask, request, new Canceller())
    await assert.rejects(refused({ input: ['a'], dimensions: 256 }), { code: 'invalid_value', param: 'dimensions' })
    await assert.rejects(refused({ input: [[1, 2]] }), { code: 'invalid_value', param: 'input' })
    await assert.rejects(refused({ input: ['a', ' '] }), { code: 'invalid_value', message: 'Input 1 is empty.' })
  })

  test('a long text is cut at spaces into pieces that are the text again', () => {
    const text = 'some words and more '.repeat(400)
    const pieces = cut(text)
    assert.equal(pieces.join(''), text)
    assert.ok(pieces.length > 1 && pieces.every(({ length }) => length <= 1_000))
    assert.equal(cut('x'.repeat(2_500)).length, 3)
  })

  test('many texts go in batches, and an abort ends them between two', async () => {
    const canceller = new Canceller()
    const all = recorder()
    await embedTexts(all.ask, { input: Array.from({ length: 40 }, (_, i) => `text ${i}`) }, canceller)
    assert.deepEqual(
      all.batches.map(({ length }) => length),
      [16, 16, 8],
    )
    const cutShort = recorder(() => canceller.abort(new Error('gone')))
    await assert.rejects(embedTexts(cutShort.ask, { input: Array.from({ length: 40 }, () => 'text') }, canceller), /gone/)
    assert.equal(cutShort.batches.length, 1)
  })
})
