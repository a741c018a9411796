import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootSessions, temporaryFolder } from '../../support/sessions.js'
import { answer, turn, wholeTurn, wordsIn } from '../../support/turns.js'

const inMemory = async () => (await bootSessions()).sessions

describe('session keys', () => {
  test('every spelling has one canonical form', async () => {
    const sessions = await inMemory()
    for (const [key, canonical] of [
      ['main', 'agent:main:main'],
      [' main ', 'agent:main:main'],
      ['agent:Main:main', 'agent:main:main'],
      ['AGENT:main:Work:Today', 'agent:main:Work:Today'],
      ['work', 'agent:main:work'],
      ['dashboard:3f', 'agent:main:dashboard:3f'],
      ['agent', 'agent:main:agent'],
      ['größe 🦞', 'agent:main:größe 🦞'],
    ] as const)
      assert.equal(sessions.canonical(key), canonical)
    assert.equal(sessions.canonical('k'.repeat(501)).length, 512)
  })

  test('a malformed one is refused with the words of the protocol', async () => {
    const sessions = await inMemory()
    const bad = [
      '',
      '  ',
      'agent::main',
      'agent:main:',
      'agent:main: ',
      'agent:-x:main',
      'agent:a b:main',
      'a\u0000b',
      'a\nb',
      'a\ud800',
      'k'.repeat(502),
    ]
    for (const key of bad)
      assert.throws(
        () => sessions.canonical(key),
        (error: Error & { code?: string }) => error.code === 'INVALID_REQUEST' && error.message.startsWith('malformed session key "'),
        JSON.stringify(key),
      )
    await assert.rejects(sessions.begin(turn('1', 'x', { session: 'a\u0000b' })), /malformed session key "a\\u0000b"/)
  })
})

describe('idempotency keys', () => {
  test('a key that was used answers what became of it, and writes nothing', async () => {
    const sessions = await inMemory()
    const begun = await sessions.begin(turn('one', 'Hello'))
    assert.ok('session' in begun)
    const running = await sessions.begin(turn('one', 'Something else', { session: 'other' }))
    assert.ok('earlier' in running)
    assert.equal(running.earlier.status, 'running')
    assert.equal(sessions.get('other'), undefined)
    await sessions.finish(answer('one', begun.session.id, 'Hi'))
    const done = await sessions.begin(turn('one', 'Hello'))
    assert.ok('earlier' in done)
    assert.deepEqual([done.earlier.status, done.earlier.result], ['ok', { text: 'Hi' }])
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hi'])
  })

  test('keys of different methods are different keys', async () => {
    const sessions = await inMemory()
    const begun = await Promise.all([sessions.begin(turn('one', 'A')), sessions.begin(turn('one', 'B', { key: 'agent:one' }))])
    assert.ok(begun.every((each) => 'session' in each))
  })

  test('of many at the same moment one begins', async () => {
    const sessions = await inMemory()
    const begun = await Promise.all(Array.from({ length: 20 }, () => sessions.begin(turn('one', 'Hello'))))
    assert.equal(begun.filter((each) => 'session' in each).length, 1)
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello'])
  })

  test('they outlive the process; a run that it left is interrupted', async () => {
    const state = await temporaryFolder()
    const first = await bootSessions(state)
    await wholeTurn(first.sessions, 'done', 'Hello', 'Hi')
    await first.sessions.begin(turn('left', 'Are you there?'))
    await first.gateway.close()
    const second = await bootSessions(state)
    const statusOf = (key: string) => second.sessions.begin(turn(key, 'again')).then((begun) => 'earlier' in begun && begun.earlier.status)
    assert.deepEqual([await statusOf('done'), await statusOf('left')], ['ok', 'interrupted'])
    assert.deepEqual([second.sessions.get('main')?.status, second.sessions.get('main')?.abortedLastRun], ['failed', true])
    assert.deepEqual(wordsIn(second.sessions, 'main'), ['Hello', 'Hi', 'Are you there?'])
    await second.gateway.close()
  })
})
