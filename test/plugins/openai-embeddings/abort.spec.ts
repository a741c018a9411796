import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { boot, embedder, jsonOf, lengths, until } from './boot.js'

const texts = Array.from({ length: 1_024 }, (_, i) => `text ${i}`)

describe('embeddings that end early', () => {
  test('a client that goes away ends every request to the upstream within a second, and no other begins', async () => {
    const it = await boot({ respond: () => ({ hang: 'headers' }), entry: { embeddingBatch: 100 } })
    const gone = new AbortController()
    const request = it.client.embeddings.create({ model: 'up/text-embedding', input: texts }, { signal: gone.signal })
    await until('four are asked', () => it.sent().length === 4)
    const leftAt = performance.now()
    gone.abort()
    await assert.rejects(request)
    await until('all are closed', () => it.upstream.closedAt.length === 4)
    assert.ok(it.upstream.closedAt.every((at) => at - leftAt < 1_000))
    await it.close()
    assert.equal(it.sent().length, 4)
    assert.deepEqual(
      it.gateway.log.filter(({ from, level }) => from === 'openai-embeddings' && level !== 'debug'),
      [],
    )
  })

  test('one that fails ends the others', async () => {
    let aborted = 0
    const provider = embedder(
      (_model, { input }, { cancellation }) =>
        new Promise((_, reject) => {
          cancellation.onAbort((reason) => {
            aborted++
            reject(reason)
          })
          if (input[0] === 'text 30') setImmediate(() => reject(new GatewayError('upstream_error', 'It broke.')))
        }),
      { embeds: { inputs: 10 } },
    )
    const it = await boot({ providers: [provider] })
    const response = await it.post({ model: 'mine/vectors', input: texts })
    assert.deepEqual([response.status, (await jsonOf(response)).error.message], [502, 'It broke.'])
    assert.equal(aborted, 4)
    await it.close()
  })

  test('a provider that takes no notice does not hold up the answer when time is up', async () => {
    const it = await boot({ embeddings: { timeoutMs: 1_000 }, providers: [embedder(() => new Promise(() => undefined))] })
    const response = await it.post({ model: 'mine/vectors', input: 'x' })
    assert.deepEqual([response.status, (await jsonOf(response)).error.code], [504, 'upstream_timeout'])
    await it.close()
  })

  test('more at once than configured: 429, and a place is free again after a failure', async () => {
    let fail: ((error: unknown) => void) | undefined
    const provider = embedder((_model, request) =>
      request.input[0] === 'wait' ? new Promise((_, reject) => (fail = reject)) : Promise.resolve({ vectors: lengths(request) }),
    )
    const it = await boot({ embeddings: { maxInFlight: 1 }, providers: [provider] })
    const ask = (input: string) => it.post({ model: 'mine/vectors', input })
    const first = ask('wait')
    await until('it is asked', () => fail !== undefined)
    const second = await ask('x')
    assert.deepEqual([second.status, second.headers.get('retry-after'), (await jsonOf(second)).error.code], [429, '5', 'too_many_runs'])
    fail?.(new GatewayError('upstream_error', 'It broke.'))
    assert.equal((await first).status, 502)
    assert.equal((await ask('x')).status, 200)
    await it.close()
  })
})
