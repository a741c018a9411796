import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { Model } from '../../../plugins/contracts/models.js'
import { Circuits } from '../../../plugins/models/circuits.js'
import { listedProvider } from '../../support/registry.js'

const wanted = new Canceller()
const provider = listedProvider('acme', ['big', 'small'])
const targetOf = (index: number, of = provider) => ({ model: of.models()[index] as Model, provider: of })
const [big, small] = [targetOf(0), targetOf(1)]
const error = (code: string, detail = {}) => new GatewayError(code, `It failed with ${code}.`, detail)

describe('models: circuits', () => {
  let nowMs = 0
  let circuits: Circuits
  beforeEach(() => {
    nowMs = 1_000_000
    circuits = new Circuits(() => nowMs)
  })
  const answers = (target = big) => circuits.call(target, wanted, async () => 'yes')
  const fails = async (code: string, detail = {}, target = big, times = 1) => {
    for (let i = 0; i < times; i++)
      await assert.rejects(
        circuits.call(target, wanted, () => Promise.reject(error(code, detail))),
        { code },
      )
  }
  const standing = () => [circuits.standing(big), circuits.standing(small)]

  test('T-DOS-12 five failures in a row open it, for that model alone, and refusals say what was the matter and for how long', async () => {
    await fails('upstream_error', {}, big, 4)
    assert.deepEqual(standing(), ['ready', 'ready'])
    await fails('upstream_unavailable')
    assert.deepEqual(standing(), ['open', 'ready'])
    const { code, message, retryAfterS } = circuits.refusal(big)
    assert.deepEqual([code, retryAfterS], ['upstream_unavailable', 1])
    assert.match(message, /^It failed with upstream_unavailable\. .* asked again in 1 s\.$/)
  })

  test('an answer in between begins the count anew, and so does an error that only an upstream which works gives', async () => {
    await fails('upstream_error', {}, big, 4)
    await answers()
    await fails('upstream_error', {}, big, 4)
    await fails('upstream_rejected')
    await fails('upstream_error', {}, big, 4)
    assert.deepEqual(standing(), ['ready', 'ready'])
  })

  test('when it is due, one call finds out; all others wait for what it learns', async () => {
    await fails('upstream_error', {}, big, 5)
    nowMs += 1_000
    assert.deepEqual(standing(), ['ready', 'ready'])
    let settle = (_error?: Error) => {}
    const probe = () =>
      circuits
        .call(big, wanted, () => new Promise<void>((resolve, reject) => (settle = (problem) => (problem ? reject(problem) : resolve()))))
        .catch(() => undefined)
    const failing = probe()
    assert.equal(circuits.standing(big), 'open')
    settle(error('upstream_error'))
    await failing
    assert.equal(circuits.standing(big), 'open', 'for longer than before')
    nowMs += 2_000
    const working = probe()
    assert.equal(circuits.standing(big), 'open')
    settle()
    await working
    assert.equal(circuits.standing(big), 'ready')
    await fails('upstream_error', {}, big, 4)
    assert.equal(circuits.standing(big), 'ready')
  })

  test('a probe whose caller leaves makes room for another', async () => {
    await fails('upstream_error', {}, big, 5)
    nowMs += 1_000
    const leaving = new Canceller()
    await assert.rejects(
      circuits.call(big, leaving, async () => {
        leaving.abort(error('client_closed'))
        throw leaving.reason
      }),
    )
    assert.equal(circuits.standing(big), 'ready')
  })

  test('what a caller aborts, its deadline included, says nothing', async () => {
    for (let i = 0; i < 10; i++) {
      const late = new Canceller()
      const run = async () => {
        late.abort(error('upstream_timeout'))
        throw late.reason
      }
      await assert.rejects(circuits.call(big, late, run))
    }
    assert.equal(circuits.standing(big), 'ready')
  })

  test('calls that break together are one failure', async () => {
    const broken: ((problem: Error) => void)[] = []
    const calls = Array.from({ length: 50 }, () =>
      circuits.call(big, wanted, () => new Promise<void>((_, reject) => broken.push(reject))).catch(() => undefined),
    )
    nowMs += 500
    for (const fail of broken) fail(error('upstream_error'))
    await Promise.all(calls)
    assert.equal(circuits.standing(big), 'ready')
    await fails('upstream_error', {}, big, 4)
    assert.equal(circuits.standing(big), 'open')
  })

  test('calls that time out one after the other are not, although all of them began before', async () => {
    const broken: ((problem: Error) => void)[] = []
    const calls = Array.from({ length: 5 }, () =>
      circuits.call(big, wanted, () => new Promise<void>((_, reject) => broken.push(reject))).catch(() => undefined),
    )
    for (const fail of broken) {
      nowMs += 1_000
      fail(error('upstream_timeout'))
      await Promise.resolve()
    }
    await Promise.all(calls)
    assert.equal(circuits.standing(big), 'open')
  })

  test('a rate limit is a rest, not shorter than asked for, and longer each time where nothing is asked', async () => {
    await fails('upstream_rate_limited', { retryAfterS: 30 })
    assert.deepEqual(standing(), ['resting', 'ready'])
    nowMs += 29_999
    assert.equal(circuits.standing(big), 'resting')
    nowMs += 1_001
    assert.equal(circuits.standing(big), 'ready')
    const own = new Circuits(() => nowMs)
    const rests: number[] = []
    for (let i = 0; i < 4; i++) {
      await assert.rejects(own.call(small, wanted, () => Promise.reject(error('upstream_rate_limited'))))
      const from = nowMs
      while (own.standing(small) !== 'ready') nowMs += 10
      rests.push(nowMs - from)
    }
    for (const [i, rest] of rests.entries()) assert.ok(rest >= 500 * 2 ** i && rest <= 1_010 * 2 ** i, String(rests))
  })

  test('no pause is longer than a minute of its own, or an hour that was asked for', async () => {
    await fails('upstream_error', {}, big, 30)
    assert.ok((circuits.refusal(big).retryAfterS as number) <= 60)
    await fails('upstream_rate_limited', { retryAfterS: 1_000_000 }, small, 5)
    assert.ok((circuits.refusal(small).retryAfterS as number) <= 3_616)
  })

  test('rejected credentials rest the whole provider, and never open it', async () => {
    await fails('upstream_auth_error', {}, big, 20)
    assert.deepEqual(standing(), ['resting', 'resting'])
    await answers(small)
    assert.deepEqual(standing(), ['ready', 'ready'])
  })

  test('errors that are not the upstream’s, and faults, are not counted', async () => {
    await fails('spend_limit_exceeded', {}, big, 10)
    await fails('upstream_bad_response', {}, big, 10)
    for (let i = 0; i < 10; i++) await assert.rejects(circuits.call(big, wanted, () => Promise.reject(new TypeError('a bug'))))
    assert.equal(circuits.standing(big), 'ready')
  })

  test('an old failure is forgotten, and a provider that is configured anew begins anew', async () => {
    await fails('upstream_error', {}, big, 4)
    nowMs += 700_000
    await fails('upstream_error')
    assert.equal(circuits.standing(big), 'ready')
    await fails('upstream_error', {}, big, 4)
    assert.equal(circuits.standing(big), 'open')
    assert.equal(circuits.standing(targetOf(0, listedProvider('acme', ['big']))), 'ready')
  })

  test('of a provider that takes any id, 256 models are remembered', async () => {
    const any = (id: string) => ({ model: { key: `acme/${id}`, provider: 'acme', id, kind: 'chat' as const }, provider })
    for (let i = 0; i < 300; i++) await fails('upstream_rate_limited', { retryAfterS: 600 }, any(`m${i}`))
    const resting = Array.from({ length: 300 }, (_, i) => circuits.standing(any(`m${i}`))).filter((each) => each === 'resting')
    assert.equal(resting.length, 256)
  })
})
