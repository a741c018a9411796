import assert from 'node:assert/strict'
import fs, { mkdtemp, readFile, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, mock, test } from 'node:test'
import { createSecretBook } from '../../../core/secret.js'
import { createLogFile } from '../../../plugins/logs/file.js'
import { servedBody } from '../../../plugins/logs/line.js'
import { createLineQueue, createTimes } from '../../../plugins/logs/queue.js'
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

  test('times are ISO 8601, whatever came before them', () => {
    const timeOf = createTimes()
    for (const time of [0, 7, 45, 999, 1_000, 1_735_689_599_999, 1_735_689_600_000, 1_735_689_600_123, 5, -1, 253_402_300_800_001])
      assert.equal(timeOf(time), new Date(time).toISOString())
  })

  test('T-SEC-01 a text too short to be looked through holds nothing that the kernel would mask', () => {
    const book = createSecretBook(async () => undefined)
    const redact = createRedactor(book.redact, ['p4'], () => true)
    for (const secret of ['12345', 'abcdef']) book.remember(secret)
    assert.equal(book.redact('12345'), '12345')
    assert.equal(redact('12345'), '12345')
    assert.doesNotMatch(redact('abcdef'), /abcdef/)
    assert.equal(redact('p4'), '***', 'what the operator wants masked may be short')
  })

  test('T-SEC-01 whatever a note or a path holds, a served line is JSON that hides secrets and keeps its own fields', () => {
    const redact = createRedactor(
      (value) => value.replaceAll('hidden-token', '[secret]'),
      [],
      () => true,
    )
    const call = { id: 'request-1', method: 'GET', path: '/a"b\\c', route: 'GET /a"b\\c', address: '::1', principal: undefined }
    const notes = { status: 'mine', 'x"\n': 'hidden-token\u202e', 'hidden-token': 1, constructor: 'c'.repeat(1_000), none: undefined }
    const line = JSON.parse(servedBody({ call, status: 204, durationMs: 1.26, bytes: 0, aborted: true, notes }, redact))
    const { constructor: long, ...rest } = line
    assert.equal(long.length, 257)
    assert.deepEqual(rest, {
      level: 'debug',
      from: 'http',
      msg: 'served',
      method: 'GET',
      path: '/a"b\\c',
      status: 204,
      durationMs: 1.3,
      bytes: 0,
      requestId: 'request-1',
      aborted: true,
      _status: 'mine',
      'x"\\u000a': '[secret]\\u202e',
      '[secret]': 1,
    })
    const other = { ...call, path: '/files/hidden-token', route: 'GET /files/' }
    assert.equal(
      JSON.parse(servedBody({ call: other, status: 200, durationMs: 1, bytes: 0, aborted: false, notes: undefined }, redact)).path,
      '/files/[secret]',
    )
  })

  test('under load lines are written a batch at a time; who flushes gets everything on the disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'logs-'))
    const path = join(folder, 'gateway.jsonl')
    const told: unknown[] = []
    const limits = () => ({ maxBytes: 52_428_800, maxFiles: 2 })
    const file = createLogFile(path, { limits, tell: (problem) => told.push(problem) })
    // The file is looked at once before each write.
    const looks = mock.method(fs, 'stat')
    syncBuiltinESMExports()
    try {
      const began = performance.now()
      const text = 'x'.repeat(200)
      let chars = 0
      for (let number = 0; number < 4_000; number++) {
        const body = JSON.stringify({ number, text })
        chars += body.length + 36
        file.append(Date.now(), body)
        if (number % 4 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      const most = chars / 65_536 + (performance.now() - began) / 250 + 1
      assert.ok(looks.mock.callCount() <= most, `${looks.mock.callCount()} writes for ${most.toFixed(1)} batches`)
      file.append(Date.now(), JSON.stringify({ number: 4_000 }))
      const flushed = file.flush()
      file.append(Date.now(), JSON.stringify({ number: 4_001 }))
      await Promise.all([flushed, file.flush()])
      assert.ok(looks.mock.callCount() >= 1)
      const numbers = (await readFile(path, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).number)
      assert.deepEqual(
        numbers,
        Array.from({ length: 4_002 }, (_, i) => i),
      )
      assert.deepEqual(told, [])
    } finally {
      looks.mock.restore()
      syncBuiltinESMExports()
      await file.close()
      await rm(folder, { recursive: true })
    }
  })
})
