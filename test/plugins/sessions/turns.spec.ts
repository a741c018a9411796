import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Sessions } from '../../../plugins/contracts/sessions.js'
import { loadDriver } from '../../../plugins/store/driver.js'
import { bootSessions, temporaryFolder } from '../../support/sessions.js'
import { answer, assistantSays, turn, userSays, wholeTurn, wordsIn } from '../../support/turns.js'

const inMemory = async () => (await bootSessions()).sessions

describe('turns', () => {
  test('the user message, the session and the run are there when begin resolves', async () => {
    const sessions = await inMemory()
    assert.equal(sessions.get('main'), undefined)
    const begun = await sessions.begin(turn('one', 'Hello'))
    assert.ok('session' in begun)
    const { session, entries } = begun
    assert.equal(session.key, 'agent:main:main')
    assert.equal(session.status, 'running')
    assert.equal(session.origin, 'chat')
    assert.deepEqual(sessions.get('main'), session)
    assert.deepEqual(sessions.byId(session.id), session)
    assert.equal(entries.length, 1)
    assert.match(entries[0]?.id ?? '', /^[0-9a-f]{8}$/)
    assert.deepEqual(entries[0]?.message, userSays('Hello'))
    assert.deepEqual(sessions.messages('main', 10), entries)
    assert.equal(sessions.run('chat:one')?.status, 'running')
  })

  test('the end appends, closes the record and counts', async () => {
    const sessions = await inMemory()
    const id = await wholeTurn(sessions, 'one', 'Hello', 'Hello to you')
    await wholeTurn(sessions, 'two', 'And?', 'That is all')
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hello to you', 'And?', 'That is all'])
    const session = sessions.get('main')
    assert.equal(session?.id, id)
    assert.deepEqual(
      [
        session?.messages,
        session?.status,
        session?.inputTokens,
        session?.outputTokens,
        session?.contextTokens,
        session?.provider,
        session?.model,
      ],
      [4, 'done', 6, 4, 5, 'fake', 'one'],
    )
    assert.ok((session?.endedAt ?? 0) >= (session?.startedAt ?? Infinity))
    const { status, result, endedAt } = sessions.run('chat:one') ?? {}
    assert.deepEqual([status, result, typeof endedAt], ['ok', { text: 'Hello to you' }, 'number'])
  })

  for (const [status, shown, aborted] of [
    ['error', 'failed', false],
    ['aborted', 'killed', true],
    ['timeout', 'timeout', false],
  ] as const)
    test(`a run that ends with ${status} leaves the session ${shown}`, async () => {
      const sessions = await inMemory()
      const begun = await sessions.begin(turn('one', 'Hello'))
      assert.ok('session' in begun)
      await sessions.finish(answer('one', begun.session.id, '', { status, messages: [], error: 'it broke' }))
      assert.deepEqual([sessions.get('main')?.status, sessions.get('main')?.abortedLastRun], [shown, aborted])
      assert.deepEqual([sessions.run('chat:one')?.status, sessions.run('chat:one')?.error], [status, 'it broke'])
    })

  test('a session is running as long as one of its turns is', async () => {
    const sessions = await inMemory()
    const [first] = await Promise.all([sessions.begin(turn('one', 'A')), sessions.begin(turn('two', 'B'))])
    assert.ok('session' in first)
    await sessions.finish(answer('one', first.session.id, 'a'))
    assert.equal(sessions.get('main')?.status, 'running')
    await sessions.finish(answer('two', first.session.id, 'b'))
    assert.equal(sessions.get('main')?.status, 'done')
    assert.deepEqual(wordsIn(sessions, 'main'), ['A', 'B', 'a', 'b'])
  })

  test('a run without a key is ended by its id, and leaves no record', async () => {
    const sessions = await inMemory()
    const { key: _, ...keyless } = turn('http-1', 'Hello', { origin: 'http' })
    const begun = await sessions.begin(keyless)
    assert.ok('session' in begun)
    const { key: __, ...end } = answer('http-1', begun.session.id, 'Hi')
    assert.equal((await sessions.finish(end)).length, 1)
    assert.equal(sessions.get('main')?.status, 'done')
    assert.deepEqual(await sessions.finish(end), [])
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hi'])
  })

  test('ending a run twice writes once', async () => {
    const sessions = await inMemory()
    const id = await wholeTurn(sessions, 'one', 'Hello', 'Hi')
    assert.deepEqual(await sessions.finish(answer('one', id, 'Hi again')), [])
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hi'])
  })

  test('messages come newest last, by limit and by position, with ids of their own', async () => {
    const sessions = await inMemory()
    for (let at = 0; at < 30; at++) await wholeTurn(sessions, `${at}`, `q${at}`, `a${at}`)
    const all = sessions.messages('main', 1_000)
    assert.deepEqual(
      all.map(({ seq }) => seq),
      Array.from({ length: 60 }, (_, at) => at + 1),
    )
    assert.equal(new Set(all.map(({ id }) => id)).size, 60)
    assert.deepEqual(sessions.messages('main', 3), all.slice(-3))
    assert.deepEqual(sessions.messages('main', 2, 4), all.slice(4, 6))
    assert.deepEqual(sessions.messages('nobody', 3), [])
  })

  test('text of any kind comes back as it was', async () => {
    const sessions = await inMemory()
    const text = 'NUL \u0000, quotes " \\ \', line\u2028break, lone \ud83e, 🦞, "}{"'
    await sessions.begin(turn('one', text))
    assert.deepEqual(wordsIn(sessions, 'main'), [text])
  })

  test('append needs a session', async () => {
    const sessions = await inMemory()
    await assert.rejects(sessions.append('main', assistantSays('Hi')), { code: 'INVALID_REQUEST', message: 'session not found' })
    await sessions.begin(turn('one', 'Hello'))
    const { seq } = await sessions.append('main', assistantSays('Injected'))
    assert.equal(seq, 2)
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Injected'])
  })
})

describe('what is damaged', () => {
  test('T-STATE-01 a record whose bytes changed is left out and named, and the others are read', async () => {
    const state = await temporaryFolder()
    const first = await bootSessions(state)
    const id = await wholeTurn(first.sessions, 'one', 'Hello', 'Hi')
    await wholeTurn(first.sessions, 'two', 'And?', 'Done')
    await first.gateway.close()
    const driver = new (await loadDriver())(`${state}/sessions.sqlite`)
    driver.exec("UPDATE messages SET body = replace(body, 'Hi', 'Ho') WHERE seq = 2")
    driver.close()
    const { sessions, gateway } = await bootSessions(state)
    const read = () => wordsIn(sessions, 'main')
    assert.deepEqual(
      [read(), read()],
      [
        ['Hello', 'And?', 'Done'],
        ['Hello', 'And?', 'Done'],
      ],
    )
    const errors = gateway.log.filter(({ level }) => level === 'error')
    assert.deepEqual(
      errors.map(({ message }) => message),
      [`Message 2 of transcript ${id} is damaged and left out. It stays in ${state}/sessions.sqlite.`],
    )
    await gateway.close()
  })
})

describe('records of runs', () => {
  test('10,000 are kept, and those that run', async () => {
    const sessions = await inMemory()
    await sessions.begin(turn('runs on', 'Hello'))
    const { id } = sessions.get('main') as NonNullable<ReturnType<Sessions['get']>>
    for (let from = 0; from < 10_100; from += 1_010) {
      const keys = Array.from({ length: 1_010 }, (_, at) => `${from + at}`)
      await Promise.all(keys.map((key) => sessions.begin(turn(key, 'x', { messages: [] }))))
      await Promise.all(keys.map((key) => sessions.finish(answer(key, id, 'x', { messages: [] }))))
    }
    assert.equal(sessions.run('chat:0'), undefined)
    assert.equal(sessions.run('chat:runs on')?.status, 'running')
    assert.equal(sessions.run('chat:10099')?.status, 'ok')
    const kept = Array.from({ length: 10_100 }, (_, at) => sessions.run(`chat:${at}`)).filter((record) => record !== undefined)
    assert.equal(kept.length, 10_000)
  })
})
