import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Method } from '../../../plugins/contracts/methods.js'
import { bootControl, rows } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'

const read = 'operator.read'
const returns = (value: unknown): Method => ({ scope: read, handler: () => value })
const throws = (value: unknown): Method => ({
  scope: read,
  handler() {
    throw value
  },
})
const cycle: { self?: unknown } = {}
cycle.self = cycle

const methods: Record<string, Method> = {
  object: returns({}),
  cycle: returns(cycle),
  'later cycle': { scope: read, handler: async () => cycle },
}

describe('a plugin that breaks or changes', () => {
  test('§4.2 an answer that is no JSON is a fault and UNAVAILABLE, and the connection goes on', async () => {
    const own = await bootControl({ methods })
    const client = await connectOperator(own.url, { token: own.token })
    for (const method of ['cycle', 'later cycle']) {
      const { error } = await client.request(method)
      assert.equal(error?.code, 'UNAVAILABLE')
      assert.match(String(error?.message), /circular/)
    }
    assert.equal((await client.request('object')).ok, true)
    await own.gateway.close()
  })

  test('§5.1 a plugin with too many faults answers UNAVAILABLE by name, to be tried again', async () => {
    const own = await bootControl({ methods: { breaks: throws(new Error('x')), works: returns(1) } })
    const client = await connectOperator(own.url, { token: own.token })
    while (!own.gateway.inspect().plugins.find(({ name }) => name === 'rows')?.quarantinedUntil) await client.request('breaks')
    assert.deepEqual((await client.request('works')).error, {
      code: 'UNAVAILABLE',
      message: 'works is not available: plugin "rows" does not run right now',
      retryable: true,
      retryAfterMs: 1_000,
    })
    assert.equal((await client.request('last-heartbeat')).ok, true)
    await own.gateway.close()
  })

  test('§5.1 a call that runs while its plugin is replaced is answered by the one that took it, later calls by the new one', async () => {
    let finish: (value: string) => void = () => undefined
    const old = { 'test.who': { scope: read, handler: () => new Promise<string>((resolve) => (finish = resolve)) } }
    const own = await bootControl({ plugins: [rows(old, {}, {}, 'who')] })
    const client = await connectOperator(own.url, { token: own.token })
    const first = client.request('test.who')
    await client.request('last-heartbeat')
    await own.reload({ plugins: [rows({ 'test.who': { scope: read, handler: () => 'new' } }, {}, {}, 'who')] })
    assert.equal((await client.request('test.who')).payload, 'new')
    finish('old')
    assert.equal((await first).payload, 'old')
    await own.reload({ plugins: [] })
    assert.equal((await client.request('test.who')).error?.message, 'unknown method: test.who')
    await own.gateway.close()
  })

  test('§5.1 the replacement of ws-protocol itself keeps connections, their count of events and their open calls', async () => {
    let finish: (value: string) => void = () => undefined
    const own = await bootControl({
      methods: { wait: { scope: read, handler: () => new Promise<string>((resolve) => (finish = resolve)) } },
      events: { news: {} },
    })
    const client = await connectOperator(own.url, { token: own.token })
    own.publish('news', 1)
    const call = client.request('wait')
    await client.request('last-heartbeat')
    await own.reload({ config: { maxOpenCalls: 9 }, replace: true })
    own.publish('news', 2)
    assert.equal((await client.event('news', (payload) => payload === 2)).seq, 2)
    finish('done')
    assert.equal((await call).payload, 'done')
    assert.equal((await client.request('last-heartbeat')).ok, true)
    await (await connectOperator(own.url, { token: own.token })).close()
    await own.gateway.close()
    assert.equal((await client.closed).code, 1012)
  })

  test('§8.1 a call learns that its client is gone, and ends without one', async () => {
    let aborted: Promise<unknown> | undefined
    const own = await bootControl({
      methods: {
        wait: {
          scope: read,
          handler: ({ cancellation }) => (aborted = new Promise((resolve) => cancellation.onAbort(resolve))),
        },
      },
    })
    const client = await connectOperator(own.url, { token: own.token })
    client.send({ type: 'req', id: '1', method: 'wait' })
    await client.request('last-heartbeat')
    await client.close()
    assert.match(String(await aborted), /connection closed/)
    await own.gateway.close()
  })
})
