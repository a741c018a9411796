import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogRecord } from 'openclaw/plugin'
import { recordBody, servedBody } from '../../../plugins/logs/line.js'
import { createLineQueue } from '../../../plugins/logs/queue.js'
import { createRedactor } from '../../../plugins/logs/redact.js'
import { foldRefusals } from '../../../plugins/logs/refusals.js'

const limitChars = 4_194_304

describe('log lines on their way to the disk', () => {
  test('a disk that takes nothing costs bounded memory: the oldest lines go, counted, the last ones stay', () => {
    const queue = createLineQueue(limitChars)
    const total = 300_000
    for (let number = 0; number < total; number++) {
      queue.append(Date.now(), `{"level":"info","from":"test","msg":"numbered","number":${number}}`)
      assert.ok(queue.chars <= limitChars)
    }
    const kept = queue.take(Infinity).map((line) => JSON.parse(line).number as number)
    assert.equal(kept.at(-1), total - 1)
    assert.ok(kept.length > 10_000)
    assert.deepEqual(
      kept,
      Array.from({ length: kept.length }, (_, i) => total - kept.length + i),
    )
    assert.equal(queue.takeDropped(), total - kept.length)
    assert.equal(queue.takeDropped(), 0)
    assert.ok(queue.empty && queue.chars === 0)
  })

  test('lines that could not be written come again first, in their order, within the same bound', () => {
    const queue = createLineQueue(1_000)
    for (let number = 0; number < 4; number++) queue.append(0, `{"number":${number}}`)
    const front = queue.take(1)
    assert.equal(front.length, 1)
    queue.putBack(front)
    assert.deepEqual(
      queue.take(Infinity).map((line) => JSON.parse(line).number),
      [0, 1, 2, 3],
    )
    for (let number = 0; number < 10; number++) queue.append(0, `{"number":${number}}`)
    const all = queue.take(Infinity)
    for (let number = 10; number < 25; number++) queue.append(0, `{"number":${number}}`)
    queue.putBack(all)
    assert.ok(queue.chars <= 1_000)
    assert.equal(JSON.parse(queue.take(Infinity).at(-1) as string).number, 24)
    assert.ok(queue.takeDropped() > 0)
  })

  test('refusals are counted exactly, by status, with the number of addresses', () => {
    const told: number[][] = []
    const refusals = foldRefusals((...report) => told.push(report))
    let own = 0
    for (let i = 0; i < 3_000; i++) if (refusals.admit(i % 3 ? 401 : 429, `10.0.${i >> 8}.${i & 255}`)) own++
    refusals.settle()
    refusals.settle()
    assert.equal(own, 5)
    assert.equal(
      told.reduce((sum, [, count]) => sum + (count as number), 0),
      3_000 - own,
    )
    assert.deepEqual(told.map(([status]) => status).sort(), [401, 429])
    for (const [, , addresses] of told) assert.ok((addresses as number) > 900 && (addresses as number) <= 1_000)
  })

  test('a line costs at most 10 µs', () => {
    const redact = createRedactor(
      (text) => text.replaceAll('the-token-of-this-gateway', '[secret]'),
      [],
      () => true,
    )
    const call = {
      id: '0b9d2b9e-8f5c-4f4e-9d5e-0e6f3f1f2a3b',
      method: 'POST',
      path: '/v1/chat/completions',
      route: 'POST /v1/chat/completions',
      address: '127.0.0.1',
      principal: undefined,
    }
    const served = { call, status: 200, durationMs: 12.345, bytes: 812, aborted: false, notes: { agent: 'main', model: 'local/echo' } }
    const record = (number: number): LogRecord => {
      const fields = { number, requestId: call.id, agent: 'main' }
      return { time: Date.now(), level: 'info', from: 'test', message: 'a message of usual length, with a number', fields }
    }
    const count = 20_000
    const microsecondsALine = () => {
      const queue = createLineQueue(limitChars)
      const began = performance.now()
      for (let number = 0; number < count; number++) {
        queue.append(Date.now(), servedBody({ ...served, bytes: number }, redact))
        queue.append(Date.now(), recordBody(record(number), redact))
      }
      return ((performance.now() - began) * 1_000) / (2 * count)
    }
    // The best of several runs: the machine may be busy with something else.
    const best = Math.min(...Array.from({ length: 6 }, microsecondsALine))
    assert.ok(best <= 10, `${best.toFixed(1)} µs`)
  })
})
