import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { Slots } from '../../../plugins/contracts/slots.js'

const never = new Canceller()
const settled = async (promise: Promise<void> | undefined) => {
  if (!promise) return 'at once'
  let state = 'waiting'
  promise.then(
    () => (state = 'in'),
    (error) => (state = error.code),
  )
  await new Promise((resolve) => setImmediate(resolve))
  return state
}

describe('queue of runs', () => {
  test('places are given at once, then in order of arrival', async () => {
    const slots = new Slots('Too many requests are running.')
    assert.equal(await settled(slots.take(1, 1, never)), 'at once')
    const order: string[] = []
    const second = slots.take(2, 2, never)
    assert.equal(second, undefined)
    const third = slots.take(2, 2, never)?.then(() => order.push('third'))
    const fourth = slots.take(2, 2, never)?.then(() => order.push('fourth'))
    slots.release(2)
    await third
    assert.deepEqual(order, ['third'])
    slots.release(2)
    await fourth
    assert.deepEqual(order, ['third', 'fourth'])
  })

  test('the queue is as long as there are places, then 429 at once', async () => {
    const slots = new Slots('Too many requests are running.')
    void slots.take(1, 1, never)
    const queued = slots.take(1, 1, never)
    await assert.rejects(slots.take(1, 1, never) as Promise<void>, { code: 'too_many_runs', retryAfterS: 5 })
    slots.release(1)
    await queued
  })

  test('waiting ends after 30 s, or when the client goes away', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const slots = new Slots('Too many requests are running.')
      void slots.take(2, 2, never)
      void slots.take(2, 2, never)
      const gone = new Canceller()
      const patient = slots.take(2, 2, never) as Promise<void>
      const leaver = slots.take(2, 2, gone) as Promise<void>
      gone.abort(Object.assign(new Error('gone'), { code: 'client_closed' }))
      await assert.rejects(leaver, { code: 'client_closed' })
      await assert.rejects(slots.take(2, 2, gone) as Promise<void>, { code: 'client_closed' }, 'who has left already')
      mock.timers.tick(29_999)
      assert.equal(await settled(patient), 'waiting')
      mock.timers.tick(1)
      await assert.rejects(patient, { code: 'too_many_runs' })
      slots.release(2)
      assert.equal(await settled(slots.take(2, 2, never)), 'at once', 'who left holds no place')
    } finally {
      mock.timers.reset()
    }
  })

  test('a raised limit lets several in', async () => {
    const slots = new Slots('Too many requests are running.')
    for (let i = 0; i < 3; i++) void slots.take(3, 3, never)
    const waiting = [slots.take(3, 3, never), slots.take(3, 3, never), slots.take(3, 3, never)]
    slots.release(9)
    await Promise.all(waiting)
  })
})
