import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Bucket } from '../../../plugins/keys/bucket.js'
import { seeded } from '../../support/random.js'

describe('the rate of a key', () => {
  test('a minute of requests at once, then one whenever the wait that was told is over', () => {
    for (const perMinute of [1, 3, 7, 60, 1_000]) {
      let now = 1_000_000
      const bucket = new Bucket(perMinute, now)
      for (let i = 0; i < perMinute; i++) assert.equal(bucket.take(now), 0)
      for (let i = 0; i < 50; i++) {
        const waitMs = bucket.take(now)
        assert.ok(waitMs > 0 && waitMs <= Math.ceil(60_000 / perMinute), `${perMinute}: ${waitMs}`)
        assert.ok(bucket.take(now + waitMs - 1) > 0, 'it was told to wait too long')
        now += waitMs
        assert.equal(bucket.take(now), 0)
      }
    }
  })

  test('never more than what was saved and what was refilled', () => {
    const random = seeded(7)
    let now = 0
    const bucket = new Bucket(30, now)
    let passed = 0
    for (let i = 0; i < 5_000; i++) {
      now += Math.floor(random() * 1_000)
      if (bucket.take(now) === 0) passed++
    }
    assert.ok(passed <= 30 + (now * 30) / 60_000, `${passed} in ${now} ms`)
    assert.ok(passed >= Math.floor((now * 30) / 60_000), `${passed} in ${now} ms`)
  })

  test('a clock that is set back gives nothing and takes nothing', () => {
    const bucket = new Bucket(2, 100_000)
    assert.equal(bucket.take(100_000), 0)
    assert.equal(bucket.take(50_000), 0)
    assert.equal(bucket.take(50_000), 30_000)
    assert.equal(bucket.take(80_000), 0)
  })
})
