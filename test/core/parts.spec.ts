import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { GatewayError, printable, Secret } from 'openclaw/plugin'
import { createDeadlines, createFaults, guard } from '../../core/guard.js'
import { createKeep } from '../../core/keep.js'
import { createLogBook, type LogRecord } from '../../core/log.js'
import { createSecretBook, isConfigured, isWeak } from '../../core/secret.js'
import { createTurns } from '../../core/turns.js'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('turns', () => {
  test('one at a time; while one runs only the newest waits, and all who waited get its result', async () => {
    const ran: number[] = []
    const turns = createTurns(async (n: number) => {
      await pause(5)
      ran.push(n)
      return n
    })
    const first = turns.take(1)
    await pause(1)
    const rest = [turns.take(2), turns.take(3), turns.take(4)]
    assert.deepEqual(await Promise.all([first, ...rest]), [1, 4, 4, 4])
    assert.deepEqual(ran, [1, 4])
  })
  test('a run that fails does not stop the next', async () => {
    const turns = createTurns(async (n: number) => {
      if (n === 1) throw new Error('no')
      return n
    })
    await assert.rejects(turns.take(1), /no/)
    assert.equal(await turns.take(2), 2)
  })
})

describe('keep', () => {
  const log = createLogBook(
    () => undefined,
    (text) => text,
  ).for('test')
  test('a resource passes to the next holder and is dropped with the last one', async () => {
    const keep = createKeep(log)
    const dropped: string[] = []
    const drop = (value: { id: string }) => void dropped.push(value.id)
    const [old, successor] = [{}, {}]
    const made = keep.hold(old, 'pool', () => ({ id: 'one' }), drop)
    assert.equal(
      keep.hold(successor, 'pool', () => ({ id: 'two' }), drop),
      made,
    )
    await keep.release(old)
    assert.deepEqual(dropped, [])
    await keep.release(successor)
    await keep.release(successor)
    assert.deepEqual(dropped, ['one'])
  })
})

describe('guard', () => {
  const place = (report: (error: GatewayError) => void, budgetMs = 60) => ({
    plugin: 'p',
    hook: 'served',
    budgetMs: () => budgetMs,
    deadlines: createDeadlines(10),
    report,
  })
  test('a synchronous answer comes back as it is, without a promise', () => {
    assert.equal(
      guard(
        place(() => assert.fail()),
        () => 7,
      ),
      7,
    )
  })
  test('a throw, a rejection and an overrun are attributed, reported once and thrown', async () => {
    const reported: GatewayError[] = []
    const at = place((error) => reported.push(error))
    assert.throws(() => guard(at, () => assert.fail('x')), /Plugin "p" failed in served: x/)
    await assert.rejects(async () => guard(at, () => Promise.reject(new Error('y'))), /failed in served: y/)
    await assert.rejects(async () => guard(at, () => new Promise(() => undefined)), /did not finish within 60 ms/)
    assert.equal(reported.length, 3)
    assert.ok(reported.every(({ plugin, hook }) => plugin === 'p' && hook === 'served'))
  })
  test('what comes after the deadline is not reported again', async () => {
    const reported: GatewayError[] = []
    const late = () => pause(60).then(() => Promise.reject(new Error('late')))
    await assert.rejects(
      async () =>
        guard(
          place((error) => reported.push(error), 20),
          late,
        ),
      /did not finish/,
    )
    await pause(60)
    assert.equal(reported.length, 1)
  })
  test('five faults in a minute quarantine, four do not', () => {
    const faults = createFaults()
    const error = { code: 'plugin_error', message: 'x', hook: 'served' }
    for (let n = 0; n < 4; n++) assert.equal(faults.record(error), false)
    assert.equal(faults.quarantined(), false)
    assert.equal(faults.record(error), true)
    assert.equal(faults.quarantined(), true)
    assert.equal(faults.summary().total, 5)
    assert.equal(faults.summary().last?.hook, 'served')
  })
})

describe('log and secrets', () => {
  test('T-LOG-01 control, bidirectional and lone surrogate characters are escaped, and text is capped', () => {
    assert.equal(printable('a\r\nb\u001b[31m\u202e\u0085'), 'a\\u000d\\u000ab\\u001b[31m\\u202e\\u0085')
    assert.equal(printable('\ud800x'), '\\ud800x')
    assert.equal(printable('ü€😀'), 'ü€😀')
    assert.equal(printable('x'.repeat(300)).length, 257)
  })
  test('T-SEC-01 known secrets and key-shaped text are masked in messages and fields alike', async () => {
    const secrets = createSecretBook(async (ref) => (typeof ref === 'string' ? ref : 'from-a-reference'))
    await secrets.resolve('my-long-secret')
    await secrets.resolve({ source: 'env', id: 'X' })
    assert.equal(secrets.redact('my-long-secret and from-a-reference'), '[secret] and [secret]')
    assert.equal(secrets.redact('Bearer abcdefghijkl, sk-proj-abcdefghijklmnop'), 'Bearer [secret], [secret]')
    assert.equal(secrets.redact(`with oc-0123456789ab-${'aB3_-'.repeat(9)}wxyz.`), 'with [secret].')
    assert.equal(secrets.redact('oc-casional-words-are-no-keys'), 'oc-casional-words-are-no-keys')
    const records: LogRecord[] = []
    const log = createLogBook((record) => records.push(record), secrets.redact).for('x')
    log.info('has my-long-secret', { deep: { list: ['my-long-secret'] }, n: 1 })
    assert.ok(!JSON.stringify(records).includes('my-long-secret'))
    assert.deepEqual(records[0]?.fields, { deep: { list: ['[secret]'] }, n: 1 })
  })
  test('T-AUTH-03 a secret has no text, JSON or inspect form and compares in constant time by digest', () => {
    const secret = new Secret('a-secret-of-some-length')
    for (const form of [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ secret }, { depth: 9, showHidden: true }),
    ])
      assert.ok(!form.includes('a-secret'), form)
    assert.equal(secret.matches('a-secret-of-some-length'), true)
    assert.equal(secret.matches('a-secret-of-some-lengtH'), false)
    assert.equal(secret.matches(''), false)
  })
  test('T-AUTH-01 blank, undefined, null and unresolved text is not configured; short and common text is weak', () => {
    for (const text of [undefined, '', '  ', 'undefined', 'null', '${TOKEN}', 'a${B}c']) assert.equal(isConfigured(text), false, text)
    assert.equal(isConfigured('x'), true)
    for (const text of ['short', 'passwordpassword', 'aaaaaaaaaaaaaaaaaaaa', 'ababababababababab']) assert.equal(isWeak(text), true, text)
    assert.equal(isWeak('k3Jd8sLq0zXv7Bn2'), false)
  })
})
