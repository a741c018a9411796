import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { asking } from './boot.js'

describe('the queue', () => {
  /** A server that answers when it is told to. */
  async function held(maxConcurrent: number, maxQueued: number) {
    const waiting: (() => void)[] = []
    const asked: string[] = []
    let told: (() => void) | undefined
    const { url, egress } = await asking(
      (req, res) => {
        asked.push(String(req.url))
        waiting.push(() => res.end('ok'))
        told?.()
      },
      { maxConcurrent, maxQueued },
    )
    const arrived = async (count: number) => {
      while (asked.length < count) await new Promise<void>((resolve) => (told = resolve))
    }
    const fetch = (path: string, canceller = new Canceller(), timeoutMs = 60_000) => egress.fetch({ url: url + path, timeoutMs }, canceller)
    return { fetch, asked, arrived, answer: () => waiting.shift()?.() }
  }

  test('T-NET-05 as many as there are places are fetched at once, the rest wait in order, and those beyond are told to come back', async () => {
    const { fetch, asked, arrived, answer } = await held(2, 2)
    const done = ['1', '2', '3', '4'].map((path) => fetch(path))
    await assert.rejects(fetch('5'), { code: 'too_many_runs', retryAfterS: 5 })
    await arrived(2)
    assert.deepEqual([...asked].sort(), ['/1', '/2'])
    answer()
    await arrived(3)
    assert.equal(asked[2], '/3')
    const late = fetch('6')
    answer()
    await arrived(4)
    assert.equal(asked[3], '/4')
    answer()
    await arrived(5)
    answer()
    answer()
    assert.deepEqual(
      (await Promise.all([...done, late])).map(({ status }) => status),
      [200, 200, 200, 200, 200],
    ) // prettier-ignore
  })

  test('who gives up, or has no time left, leaves the queue', async () => {
    const { fetch, asked, arrived, answer } = await held(1, 2)
    const first = fetch('1')
    await arrived(1)
    const canceller = new Canceller()
    const second = fetch('2', canceller)
    await assert.rejects(fetch('3', new Canceller(), 10), { code: 'egress_timeout' })
    canceller.abort(new Error('gone'))
    await assert.rejects(second, { message: 'gone' })
    const last = [fetch('4'), fetch('5')]
    answer()
    await arrived(2)
    answer()
    await arrived(3)
    answer()
    await Promise.all([first, ...last])
    assert.deepEqual(asked, ['/1', '/4', '/5'])
  })
})
