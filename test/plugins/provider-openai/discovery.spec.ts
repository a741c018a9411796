import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contextOf, open, textOf } from './boot.js'

async function until(done: () => boolean, limitMs = 3_000) {
  const began = performance.now()
  while (!done()) {
    assert.ok(performance.now() - began < limitMs, 'it did not happen in time')
    await sleep(5)
  }
}

describe('provider-openai: models from the server', () => {
  test('are listed once the gateway runs, with what is known of them; what can’t chat or embed is left out', async (t) => {
    const { models } = await open(t, {
      upstream: {
        models: [
          'gpt-x',
          { id: 'fake/auto', object: 'model' },
          { id: 'llama', created: 'yesterday', context_length: 4096, name: 'Llama' },
          { id: 'vllm', max_model_len: 8192, created: 3 },
          'nomic-embed-text',
          'whisper-1',
          'tts-1',
          'has space',
          { id: 7 },
          'gpt-x',
        ],
      },
    })
    await until(() => models().list().length > 0)
    const fake = { provider: 'fake', kind: 'chat' }
    assert.deepEqual(models().list(), [
      { ...fake, key: 'fake/gpt-x', id: 'gpt-x', created: 1_700_000_000 },
      { ...fake, key: 'fake/auto', id: 'fake/auto' },
      { ...fake, key: 'fake/llama', id: 'llama', name: 'Llama', contextWindow: 4096 },
      { ...fake, key: 'fake/vllm', id: 'vllm', created: 3, contextWindow: 8192 },
      { ...fake, key: 'fake/nomic-embed-text', id: 'nomic-embed-text', kind: 'embedding', created: 1_700_000_000 },
    ])
  })

  test('a server that is down is no obstacle: any id is accepted', async (t) => {
    const { models, chat, upstream, gateway } = await open(t, { upstream: { models: [] } })
    upstream.options = { respond: ({ path }) => (path === '/v1/models' ? { status: 500 } : undefined) }
    assert.equal(textOf(await chat('whatever')), 'You said: hi')
    assert.equal(models().route({ model: 'fake/whatever', kind: 'chat' }).model.key, 'fake/whatever')
    assert.deepEqual(
      gateway.log.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('a configured list asks nobody, and takes no other ids', async (t) => {
    const { models, upstream } = await open(t, { entry: { models: [{ id: 'm', name: 'M', maxTokens: 5 }], anyModel: false } })
    await sleep(200)
    assert.equal(upstream.requests.length, 0)
    assert.deepEqual(models().list(), [{ key: 'fake/m', provider: 'fake', id: 'm', kind: 'chat', name: 'M', maxTokens: 5 }])
    assert.throws(() => models().route({ model: 'fake/other', kind: 'chat' }), { code: 'model_not_found' })
  })

  test('what a configured model costs is known, half of it as well', async (t) => {
    const cost = { input: 1.25, cacheRead: 0.125 }
    const { models } = await open(t, { entry: { models: [{ id: 'priced', cost }, { id: 'free' }] } })
    assert.deepEqual(
      models()
        .list()
        .map((model) => model.cost),
      [{ input: 1.25, output: 0, cacheRead: 0.125 }, undefined],
    )
  })

  test('connections and list outlive a reload of the plugin; the list stays while the server fails', async (t) => {
    const { models, chat, reload, upstream } = await open(t, { upstream: { models: ['a', 'b'] } })
    await until(() => models().list().length === 2)
    await chat('a')
    const { accepted } = upstream.sockets
    upstream.options = { respond: ({ path }) => (path === '/v1/models' ? { status: 500 } : undefined) }
    const asked = upstream.requests.length
    const report = await reload({ timeouts: { idleMs: 1_000 } })
    assert.equal(report.steps.find(({ name }) => name === 'provider-openai')?.action, 'replace')
    assert.equal(models().list().length, 2)
    await until(() => upstream.requests.length > asked)
    await chat('a')
    assert.equal(models().list().length, 2)
    assert.ok(upstream.sockets.accepted <= accepted + 1)
  })

  test('an answer that runs outlives the reload', async (t) => {
    const { provider, reload } = await open(t, { entry: { models: [{ id: 'slow' }], anyModel: true } })
    const answer = await provider().chat?.('slow', { stream: true, messages: [{ role: 'user', content: 'x' }] }, contextOf())
    await reload({ models: [{ id: 'other' }], anyModel: true })
    let events = 0
    for await (const batch of answer ?? []) events += batch.length
    assert.equal(events, 6)
  })
})
