import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { type Cancellation, cancellationOf, Canceller } from '../../../plugins/contracts/cancellation.js'

const gone = new GatewayError('client_closed', 'The client closed the connection.')

/** Both kinds, and how to abort each. */
const kinds: Record<string, () => { cancellation: Cancellation; abort: (reason: unknown) => void }> = {
  'of its own': () => {
    const canceller = new Canceller()
    return { cancellation: canceller, abort: (reason) => canceller.abort(reason) }
  },
  'of a signal': () => {
    const controller = new AbortController()
    return { cancellation: cancellationOf(controller.signal), abort: (reason) => controller.abort(reason) }
  },
}

for (const [kind, make] of Object.entries(kinds))
  describe(`cancellation ${kind}`, () => {
    test('listeners hear the first reason, once each, at once; who left hears nothing', () => {
      const { cancellation, abort } = make()
      const heard: unknown[] = []
      const twice = (reason: unknown) => heard.push(['twice', reason])
      cancellation.onAbort(twice)
      const leave = cancellation.onAbort(twice)
      cancellation.onAbort((reason) => heard.push(['once', reason]))
      leave()
      leave()
      assert.equal(cancellation.aborted, false)
      assert.equal(cancellation.reason, undefined)
      abort(gone)
      abort(new Error('too late'))
      assert.deepEqual(heard, [
        ['twice', gone],
        ['once', gone],
      ])
      assert.equal(cancellation.aborted, true)
      assert.equal(cancellation.reason, gone)
    })

    test('who comes late is called at once', () => {
      const { cancellation, abort } = make()
      abort(gone)
      const heard: unknown[] = []
      const leave = cancellation.onAbort((reason) => heard.push(reason))
      assert.deepEqual(heard, [gone])
      leave()
      assert.equal(cancellation.signal.reason, gone)
    })

    test('a listener may add and remove others while it is called', () => {
      const { cancellation, abort } = make()
      const heard: string[] = []
      let leave = () => {}
      cancellation.onAbort(() => {
        leave()
        cancellation.onAbort(() => heard.push('added'))
      })
      leave = cancellation.onAbort(() => heard.push('removed'))
      cancellation.onAbort(() => heard.push('last'))
      abort(gone)
      assert.deepEqual(heard, ['added', 'last'])
    })

    test('one that throws does not keep the others from hearing, and its error is not swallowed', async () => {
      const { cancellation, abort } = make()
      const heard: unknown[] = []
      const thrown = new Error('from a listener')
      cancellation.onAbort(() => {
        throw thrown
      })
      cancellation.onAbort((reason) => heard.push(reason))
      const rejections: unknown[] = []
      const others = process.listeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      process.on('unhandledRejection', (error) => rejections.push(error))
      try {
        abort(gone)
        cancellation.onAbort(() => {
          throw thrown
        })
        await new Promise((resolve) => setImmediate(resolve))
      } finally {
        process.removeAllListeners('unhandledRejection')
        for (const other of others) process.on('unhandledRejection', other)
      }
      assert.deepEqual(heard, [gone])
      assert.deepEqual(rejections, [thrown, thrown])
    })

    test('its signal is one and the same, and aborts with the same reason', () => {
      const { cancellation, abort } = make()
      const { signal } = cancellation
      assert.ok(signal instanceof AbortSignal)
      assert.equal(cancellation.signal, signal)
      let heard: unknown
      signal.addEventListener('abort', () => (heard = signal.reason))
      abort(gone)
      assert.equal(heard, gone)
    })
  })

test('who left a signal leaves no listener on it', () => {
  const { signal } = new AbortController()
  const cancellation = cancellationOf(signal)
  const leave = cancellation.onAbort(() => {})
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  leave()
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})
