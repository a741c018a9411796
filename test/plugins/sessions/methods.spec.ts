import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sessionsOverWire } from '../../support/sessions-over-wire.js'
import { assistantSays, wholeTurn } from '../../support/turns.js'

const { state, booted, sessions, wire, connect, errorOf } = await sessionsOverWire()

describe('sessions.list', () => {
  test('lists newest first, with what clients show', async () => {
    await wholeTurn(sessions, 'list-1', 'What is the  first\nquestion?', 'This one', 'older')
    await wholeTurn(sessions, 'list-2', 'Second', 'Answer', 'agent:helper:newer')
    const { ts, path, count, defaults, sessions: rows } = await wire.call('sessions.list', { includeGlobal: true, includeUnknown: true })
    assert.equal(typeof ts, 'number')
    assert.equal(path, `${state}/sessions.sqlite`)
    assert.deepEqual(defaults, { modelProvider: null, model: null, contextTokens: null })
    assert.equal(count, 2)
    assert.deepEqual(
      rows.map(({ key }: { key: string }) => key),
      ['agent:helper:newer', 'agent:main:older'],
    )
    const { updatedAt, startedAt, endedAt, runtimeMs, sessionId, ...rest } = rows[0]
    assert.ok(updatedAt >= endedAt && endedAt >= startedAt && runtimeMs === endedAt - startedAt)
    assert.equal(sessionId, sessions.get('agent:helper:newer')?.id)
    assert.deepEqual(rest, {
      key: 'agent:helper:newer',
      kind: 'direct',
      origin: { surface: 'chat' },
      abortedLastRun: false,
      inputTokens: 3,
      outputTokens: 2,
      totalTokens: 5,
      totalTokensFresh: true,
      status: 'done',
      modelProvider: 'fake',
      model: 'one',
    })
  })

  test('filters, and words only where they are asked for', async () => {
    const keysOf = async (params: unknown) => (await wire.call('sessions.list', params)).sessions.map(({ key }: { key: string }) => key)
    assert.deepEqual(await keysOf({ agentId: 'HELPER' }), ['agent:helper:newer'])
    assert.deepEqual(await keysOf({ search: 'OLD' }), ['agent:main:older'])
    assert.deepEqual(await keysOf({ search: sessions.get('older')?.id }), ['agent:main:older'])
    assert.deepEqual(await keysOf({ limit: 1 }), ['agent:helper:newer'])
    assert.deepEqual(await keysOf({ activeMinutes: 5 }), ['agent:helper:newer', 'agent:main:older'])
    assert.deepEqual(await keysOf({ label: 'nobody' }), [])
    const { sessions: rows } = await wire.call('sessions.list', { search: 'older', includeDerivedTitles: true, includeLastMessage: true })
    assert.deepEqual([rows[0].derivedTitle, rows[0].lastMessagePreview], ['What is the first question?', 'This one'])
    assert.match(await errorOf('sessions.list', { limit: 0 }), /^INVALID_REQUEST: invalid sessions\.list params: /)
    assert.match(await errorOf('sessions.list', { nonsense: 1 }), /^INVALID_REQUEST: invalid sessions\.list params: /)
  })

  test('search looks for what was written, in any case of any script', async () => {
    await sessions.patch('odd', { label: '100%_Größe\\' })
    for (const [search, found] of [
      ['%', 1],
      ['100%_', 1],
      ['1_0%', 0],
      ['\\', 1],
      ['GRÖßE', 1],
      ['größe', 1],
      ['  ', 3],
    ])
      assert.equal((await wire.call('sessions.list', { search })).count, found, String(search))
    await sessions.remove('odd', { transcript: true })
  })

  test('the runs of schedules are not in it', async () => {
    await wholeTurn(sessions, 'cron-1', 'a', 'b', 'cron:daily:run:7')
    await wholeTurn(sessions, 'cron-2', 'a', 'b', 'cron:daily')
    const { sessions: rows } = await wire.call('sessions.list', { search: 'cron' })
    assert.deepEqual(
      rows.map(({ key }: { key: string }) => key),
      ['agent:main:cron:daily'],
    )
  })
})

describe('sessions.preview, sessions.get and sessions.resolve', () => {
  test('preview shows the last words of each key', async () => {
    await wholeTurn(sessions, 'preview-1', `Long ${'word '.repeat(100)}`, 'Short', 'seen')
    await sessions.patch('silent', { label: 'silent' })
    const { previews } = await wire.call('sessions.preview', { keys: ['seen', 'silent', 'nobody', 'agent::x'], maxChars: 20 })
    assert.deepEqual(previews, [
      {
        key: 'seen',
        status: 'ok',
        items: [
          { role: 'user', text: 'Long word word word…' },
          { role: 'assistant', text: 'Short' },
        ],
      },
      { key: 'silent', status: 'empty', items: [] },
      { key: 'nobody', status: 'missing', items: [] },
      { key: 'agent::x', status: 'error', items: [] },
    ])
    const { previews: last } = await wire.call('sessions.preview', { keys: ['seen'], limit: 1 })
    assert.deepEqual(last[0].items, [{ role: 'assistant', text: 'Short' }])
    const { previews: many } = await wire.call('sessions.preview', { keys: Array.from({ length: 70 }, () => 'seen') })
    assert.equal(many.length, 64)
    assert.match(await errorOf('sessions.preview', { keys: [] }), /^INVALID_REQUEST: invalid sessions\.preview params: /)
  })

  test('get answers the messages with where they are', async () => {
    const { messages } = await wire.call('sessions.get', { sessionKey: 'seen', limit: 1, other: true })
    const [entry] = sessions.messages('seen', 1)
    assert.deepEqual(messages, [{ ...assistantSays('Short'), __openclaw: { id: entry?.id, seq: 2 } }])
    assert.deepEqual(await wire.call('sessions.get', { key: 'nobody' }), { messages: [] })
    assert.match(await errorOf('sessions.get', {}), /key is required/)
    assert.match(await errorOf('sessions.get', { key: 'seen', limit: -1 }), /limit must be a whole number/)
  })

  test('resolve finds the one that is meant', async () => {
    const found = { ok: true, key: 'agent:main:silent' }
    assert.deepEqual(await wire.call('sessions.resolve', { key: 'silent' }), found)
    assert.deepEqual(await wire.call('sessions.resolve', { sessionId: sessions.get('silent')?.id }), found)
    assert.deepEqual(await wire.call('sessions.resolve', { label: 'silent', agentId: 'main' }), found)
    assert.equal(await errorOf('sessions.resolve', {}), 'INVALID_REQUEST: Either key, sessionId, or label is required')
    assert.match(await errorOf('sessions.resolve', { key: 'a', label: 'b' }), /: Provide either .* \(not multiple\)$/)
    assert.equal(await errorOf('sessions.resolve', { label: 'no such' }), 'INVALID_REQUEST: No session found: no such')
    assert.equal(await errorOf('sessions.resolve', { key: 'silent', agentId: 'helper' }), 'INVALID_REQUEST: No session found: silent')
  })
})

describe('sessions.patch', () => {
  test('sets and clears, and makes the session', async () => {
    const set = await wire.call('sessions.patch', {
      key: 'patched',
      label: ' Plans ',
      thinkingLevel: 'High',
      fastMode: true,
      model: 'fake/two',
      spawnDepth: 2,
      spawnedBy: 'agent:main:main',
    })
    const { id, createdAt, updatedAt } = sessions.get('patched') ?? {}
    assert.deepEqual(set, {
      ok: true,
      path: `${state}/sessions.sqlite`,
      key: 'agent:main:patched',
      entry: {
        sessionId: id,
        createdAt,
        updatedAt,
        abortedLastRun: false,
        inputTokens: 0,
        outputTokens: 0,
        label: 'Plans',
        thinkingLevel: 'high',
        fastMode: true,
        model: 'fake/two',
        spawnDepth: 2,
        spawnedBy: 'agent:main:main',
      },
      resolved: { modelProvider: 'fake', model: 'two' },
    })
    const { sessions: rows } = await wire.call('sessions.list', { spawnedBy: 'agent:main:main' })
    assert.deepEqual([rows.length, rows[0].label, rows[0].parentSessionKey, rows[0].thinkingLevel], [1, 'Plans', 'agent:main:main', 'high'])
    const cleared = await wire.call('sessions.patch', { key: 'patched', label: null, thinkingLevel: null, model: null, spawnedBy: null })
    assert.deepEqual(sessions.get('patched')?.settings, { fastMode: true, spawnDepth: 2 })
    assert.deepEqual(cleared.resolved, {})
  })

  test('a value that is none of its words is refused, and nothing is set', async () => {
    for (const [field, words] of [
      ['thinkingLevel', 'off|minimal|low|medium|high|xhigh|adaptive'],
      ['verboseLevel', 'off|on|full'],
      ['reasoningLevel', 'on|off|stream'],
      ['responseUsage', 'off|tokens|full|on'],
      ['elevatedLevel', 'on|off|ask|full'],
      ['execHost', 'sandbox|gateway|node'],
      ['execSecurity', 'deny|allowlist|full'],
      ['execAsk', 'off|on-miss|always'],
      ['subagentRole', 'orchestrator|leaf'],
      ['subagentControlScope', 'children|none'],
      ['sendPolicy', 'allow|deny'],
      ['groupActivation', 'mention|always'],
    ])
      assert.equal(
        await errorOf('sessions.patch', { key: 'bad', label: 'x', [field as string]: 'nonsense' }),
        `INVALID_REQUEST: invalid ${field} (use ${words})`,
      )
    assert.match(await errorOf('sessions.patch', { key: 'bad', label: '  ' }), /invalid label \(use /)
    assert.match(await errorOf('sessions.patch', { key: 'bad', spawnDepth: -1 }), /invalid sessions\.patch params/)
    assert.equal(sessions.get('bad'), undefined)
  })

  test('a label belongs to one session', async () => {
    await wire.call('sessions.patch', { key: 'first', label: 'Taken' })
    assert.equal(await errorOf('sessions.patch', { key: 'second', label: 'Taken' }), 'INVALID_REQUEST: label already in use: Taken')
    assert.equal(sessions.get('second'), undefined)
    await wire.call('sessions.patch', { key: 'first', label: 'Taken', fastMode: true })
    await wire.call('sessions.patch', { key: 'first', label: null })
    await wire.call('sessions.patch', { key: 'second', label: 'Taken' })
  })

  test('an agent that does not exist gets no session', async () => {
    assert.equal(await errorOf('sessions.patch', { key: 'agent:ghost:x', label: 'Boo' }), 'INVALID_REQUEST: unknown agent id "ghost"')
    assert.equal(await errorOf('sessions.reset', { key: 'agent:ghost:x' }), 'INVALID_REQUEST: unknown agent id "ghost"')
  })
})

describe('webchat', () => {
  test('may not change or delete sessions, unless it is the Control UI', async () => {
    const headers = { origin: booted.gateway.url }
    const chat = await connect({ id: 'webchat-ui', mode: 'webchat' }, headers)
    assert.match(
      await errorOf('sessions.patch', { key: 'web', fastMode: true }, chat),
      /^INVALID_REQUEST: webchat clients may not change sessions/,
    )
    assert.match(await errorOf('sessions.delete', { key: 'web' }, chat), /^INVALID_REQUEST: webchat clients may not delete sessions/)
    const ui = await connect({ id: 'openclaw-control-ui', mode: 'webchat' }, headers)
    assert.equal((await ui.call('sessions.patch', { key: 'web', fastMode: true })).ok, true)
    assert.equal((await ui.call('sessions.delete', { key: 'web' })).deleted, true)
    await Promise.all([chat.close(), ui.close()])
  })
})
