import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { createWorkerHost } from '../../../plugins/local/worker-host.js'
import { open } from './boot.js'

const url = new URL('../../fixtures/local-worker.mjs', import.meta.url)

function host(t: TestContext, more: { jobMs?: number } = {}) {
  const worker = createWorkerHost({ url, data: { manual: '', embedding: true }, ...more })
  t.after(() => worker.close())
  return { worker, ask: (text: string, canceller = new Canceller()) => worker.ask({ kind: 'embed', texts: [text] }, canceller) }
}
const settled = <T>(work: Promise<T>) => work.then(String, ({ code, message }) => code ?? message)

describe('the worker of the local models', () => {
  test('begins with the first job and ends when it was not used for a while', async (t) => {
    const { worker, ask } = host(t)
    assert.equal(worker.running(), false)
    worker.idleMs = 1
    await ask('answer')
    assert.equal(worker.running(), true)
    while (worker.running()) await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await ask('answer')).length, 1)
  })

  test('a crash is the error of that job; the ones behind it get a fresh worker', async (t) => {
    const { ask } = host(t)
    const outcomes = await Promise.all(['answer', 'crash', 'answer', 'throw', 'answer', 'fail', 'answer'].map((text) => settled(ask(text))))
    assert.deepEqual(outcomes, ['1', 'upstream_error', '1', 'upstream_error', '1', 'upstream_error', '1'])
  })

  test('a job that takes too long ends its worker', async (t) => {
    const { ask } = host(t, { jobMs: 200 })
    assert.equal(await settled(ask('hang')), 'upstream_timeout')
  })

  test('the queue is bounded, an abort leaves it at once, and closing ends what waits', async (t) => {
    const { worker, ask } = host(t)
    const hanging = settled(ask('hang'))
    const canceller = new Canceller()
    const leaving = settled(ask('answer', canceller))
    const waiting = Array.from({ length: 63 }, () => settled(ask('answer')))
    assert.equal(await settled(ask('answer')), 'upstream_overloaded')
    canceller.abort(new Error('gone'))
    assert.equal(await leaving, 'gone')
    waiting.push(settled(ask('answer')))
    await worker.close()
    assert.deepEqual(new Set(await Promise.all([hanging, ...waiting])), new Set(['upstream_unavailable']))
    assert.equal(await settled(ask('answer')), 'upstream_unavailable')
  })

  test('a job that was given up does not hold up the next for longer than it takes', async (t) => {
    const { ask } = host(t)
    const canceller = new Canceller()
    const given = settled(ask('answer', canceller))
    canceller.abort(new Error('gone'))
    assert.deepEqual([await given, await settled(ask('answer'))], ['gone', '1'])
  })

  test('the plugin begins no thread by itself, and passes it to its successor', async (t) => {
    const began: unknown[] = []
    process.on('worker', (worker) => began.push(worker))
    t.after(() => process.removeAllListeners('worker'))
    const { models, reload } = await open(t)
    models().list()
    assert.equal(began.length, 0)
    const vectors = () => {
      const { provider } = models().route({ model: 'local/use-lite-en', kind: 'embedding' })
      return provider.embed?.(
        'use-lite-en',
        { input: ['a'] },
        { cancellation: new Canceller(), requestId: 'r', signal: new AbortController().signal },
      )
    }
    const before = vectors()
    await once(process, 'worker')
    await reload({ idleMs: 5_000 })
    assert.deepEqual(await before, await vectors())
    assert.equal(began.length, 1)
  })
})
