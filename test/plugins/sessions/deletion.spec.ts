import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { sessionsOverWire } from '../../support/sessions-over-wire.js'
import { assistantSays, turn, wholeTurn, wordsIn } from '../../support/turns.js'

const { state, sessions, wire, errorOf } = await sessionsOverWire()

describe('sessions.reset and sessions.delete', () => {
  test('reset begins a new transcript; settings and the old transcript stay', async () => {
    const old = await wholeTurn(sessions, 'reset-1', 'Before', 'Old', 'renewed')
    await sessions.patch('renewed', { thinkingLevel: 'low' })
    const { ok, key, entry } = await wire.call('sessions.reset', { key: 'renewed', reason: 'new' })
    assert.deepEqual([ok, key, entry.thinkingLevel], [true, 'agent:main:renewed', 'low'])
    assert.notEqual(entry.sessionId, old)
    const { id, messages, status, inputTokens } = sessions.get('renewed') ?? {}
    assert.deepEqual([id, messages, status, inputTokens], [entry.sessionId, 0, undefined, 0])
    await wholeTurn(sessions, 'reset-2', 'After', 'New', 'renewed')
    assert.deepEqual(wordsIn(sessions, 'renewed'), ['After', 'New'])
    assert.equal(sessions.byId(old), undefined)
  })

  test('a run that began before a reset ends in the transcript it began in', async () => {
    const begun = await sessions.begin(turn('cut-1', 'Question', { session: 'cut' }))
    assert.ok('session' in begun)
    const fresh = await sessions.reset('cut')
    await sessions.finish({
      runId: 'cut-1',
      key: 'chat:cut-1',
      sessionKey: fresh.key,
      sessionId: begun.session.id,
      status: 'ok',
      messages: [assistantSays('Late')],
    })
    assert.deepEqual([wordsIn(sessions, 'cut'), sessions.get('cut')?.status], [[], undefined])
    const { archived } = await wire.call('sessions.delete', { key: 'cut' })
    assert.match(await readFile(archived[0], 'utf8'), /Question[^]*Late/)
  })

  test('delete exports every transcript of the session before it forgets them', async () => {
    const old = await wholeTurn(sessions, 'gone-1', 'First', 'One', 'gone')
    await sessions.reset('gone')
    const recent = await wholeTurn(sessions, 'gone-2', 'Second', 'Two', 'gone')
    const answer = await wire.call('sessions.delete', { key: 'gone', deleteTranscript: true })
    const archived = [old, recent].map((id) => `${state}/sessions/archive/${id}.jsonl`)
    assert.deepEqual(answer, { ok: true, key: 'agent:main:gone', deleted: true, archived })
    for (const [at, path] of archived.entries()) {
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      const [head, ...messages] = (await readFile(path, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual([head.type, head.key, head.sessionId], ['session', 'agent:main:gone', [old, recent][at]])
      assert.deepEqual(
        messages.map(({ seq, message }) => [seq, message.content[0].text]),
        at === 0
          ? [
              [1, 'First'],
              [2, 'One'],
            ]
          : [
              [1, 'Second'],
              [2, 'Two'],
            ],
      )
    }
    assert.equal(sessions.get('gone'), undefined)
    assert.deepEqual(await wire.call('sessions.delete', { key: 'gone' }), {
      ok: true,
      key: 'agent:main:gone',
      deleted: false,
      archived: [],
    })
  })

  test('without its transcript only the session goes; the next one begins empty', async () => {
    const old = await wholeTurn(sessions, 'kept-1', 'First', 'One', 'kept')
    const { deleted, archived } = await wire.call('sessions.delete', { key: 'kept', deleteTranscript: false })
    assert.deepEqual([deleted, archived], [true, []])
    await wholeTurn(sessions, 'kept-2', 'Second', 'Two', 'kept')
    assert.notEqual(sessions.get('kept')?.id, old)
    assert.deepEqual(wordsIn(sessions, 'kept'), ['Second', 'Two'])
  })

  test('what is said while a session is deleted is exported, or begins it anew', async () => {
    await wholeTurn(sessions, 'busy-1', 'First', 'One', 'busy')
    const removing = sessions.remove('busy', { transcript: true })
    // Fewer than the times that a deletion starts over.
    for (let at = 0; at < 2; at++) await sessions.begin(turn(`busy-while-${at}`, `While ${at}`, { session: 'busy' }))
    const { archived } = await removing
    const exported = (await readFile(archived[0] as string, 'utf8')).match(/First|One|While \d/g) ?? []
    assert.deepEqual([...exported, ...wordsIn(sessions, 'busy')], ['First', 'One', 'While 0', 'While 1'])
  })

  test('the main session of an agent stays', async () => {
    await wholeTurn(sessions, 'main-1', 'Hello', 'Hi')
    for (const key of ['main', 'agent:main:main', 'agent:helper:main'])
      assert.match(await errorOf('sessions.delete', { key }), /^INVALID_REQUEST: the main session of an agent stays: /)
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hi'])
  })

  test('export is the transcript as lines', async () => {
    assert.throws(() => sessions.export('nobody'), { code: 'INVALID_REQUEST', message: 'session not found' })
    const lines = [...sessions.export('main')].map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['session', 'message', 'message'],
    )
    assert.deepEqual(
      lines.slice(1),
      sessions.messages('main', 10).map((entry) => ({ type: 'message', ...entry })),
    )
  })
})
