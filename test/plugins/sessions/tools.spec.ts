import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Principal } from 'openclaw/plugin'
import type { Message } from '../../../plugins/contracts/sessions.js'
import type { ConfigInput } from '../../../plugins/tools/schema.js'
import { bootTools, key, toolError, type ToolsGateway } from '../../support/tools.js'
import { answer, assistantSays, turn, userSays, wholeTurn } from '../../support/turns.js'

const open = async (t: { after(undo: () => Promise<void>): void }, tools: ConfigInput = { sessions: { visibility: 'all' } }) => {
  const booted = await bootTools({ tools })
  t.after(() => booted.gateway.close())
  return booted
}
const detailsOf = async ({ invoke }: ToolsGateway, tool: string, args: object = {}, more: object = {}, principal?: Principal) => {
  const { status, body } = await invoke({ tool, args, ...more }, principal)
  assert.equal(status, 200, JSON.stringify(body))
  return body.result.details
}
const keysOf = async (booted: ToolsGateway, more: object = {}, principal?: Principal): Promise<string[]> =>
  (await detailsOf(booted, 'sessions_list', {}, more, principal)).sessions.map(({ key }: { key: string }) => key).sort()

/** A main session that spawned one, which spawned another; one beside them; and one of another agent. */
async function fill({ sessions }: ToolsGateway) {
  for (const name of ['main', 'beside', 'agent:helper:main'])
    await wholeTurn(sessions, `turn-${name}`, `Ask ${name}`, `Answer ${name}`, name)
  await sessions.patch('child', { spawnedBy: 'agent:main:main' })
  await sessions.patch('grandchild', { spawnedBy: 'agent:main:child' })
}
const family = ['agent:main:child', 'agent:main:grandchild', 'agent:main:main']
const own = ['agent:main:beside', ...family]
const everything = ['agent:helper:main', ...own]

describe('session tools: who sees which session', () => {
  for (const [what, tools, expected] of [
    ['tree, which is the default', {}, family],
    ['self', { sessions: { visibility: 'self' } }, ['agent:main:main']],
    ['agent', { sessions: { visibility: 'agent' } }, own],
    ['all, while agents do not know of each other', { sessions: { visibility: 'all' } }, own],
    ['all', { sessions: { visibility: 'all' }, agentToAgent: { enabled: true } }, everything],
    [
      'all, where both take part',
      { sessions: { visibility: 'all' }, agentToAgent: { enabled: true, allow: ['MAIN', 'hel*'] } },
      everything,
    ],
    ['all, where the other takes part', { sessions: { visibility: 'all' }, agentToAgent: { enabled: true, allow: ['helper'] } }, own],
    ['all, where one takes part', { sessions: { visibility: 'all' }, agentToAgent: { enabled: true, allow: ['main'] } }, own],
    ['all, where nobody takes part', { sessions: { visibility: 'all' }, agentToAgent: { enabled: true, allow: [] } }, own],
    ['agent, where agents know of each other', { sessions: { visibility: 'agent' }, agentToAgent: { enabled: true } }, own],
  ] as [string, ConfigInput, string[]][])
    test(what, async (t) => {
      const booted = await open(t, tools)
      await fill(booted)
      assert.deepEqual(await keysOf(booted), expected)
      for (const sessionKey of everything) {
        const { status, body } = await booted.invoke({ tool: 'sessions_history', args: { sessionKey } })
        if (expected.includes(sessionKey)) assert.equal(status, 200, sessionKey)
        else assert.deepEqual({ status, body }, toolError(404, `No session found: ${sessionKey}`))
        assert.equal((await booted.invoke({ tool: 'session_status', args: { sessionKey } })).status, status)
      }
    })

  test('T-TOOL-01 a key sees sessions of its agents', async (t) => {
    const booted = await open(t, { sessions: { visibility: 'all' }, agentToAgent: { enabled: true } })
    await fill(booted)
    const tools = ['sessions_list', 'sessions_history', 'session_status', 'agents_list']
    const main = key({ scopes: ['operator.read'], only: { tools, agents: ['main'] } })
    assert.deepEqual(await keysOf(booted, {}, main), own)
    const hidden = await booted.invoke({ tool: 'sessions_history', args: { sessionKey: 'agent:helper:main' } }, main)
    assert.deepEqual(hidden, toolError(404, 'No session found: agent:helper:main'))
    assert.deepEqual((await detailsOf(booted, 'agents_list', {}, {}, main)).agents, [{ id: 'main', default: true }])
    const both = key({ scopes: ['operator.read'], only: { tools, agents: ['*'] } })
    assert.deepEqual(await keysOf(booted, {}, both), everything)
    const helper = key({ scopes: ['operator.read'], only: { tools, agents: ['helper'] } })
    assert.deepEqual(await keysOf(booted, { sessionKey: 'agent:helper:main' }, helper), ['agent:helper:main'])
  })

  test('what it spawned for another agent stays with that agent', async (t) => {
    const booted = await open(t, {})
    await fill(booted)
    await booted.sessions.patch('agent:helper:spawned', { spawnedBy: 'agent:main:main' })
    assert.deepEqual(await keysOf(booted), family)
    assert.equal((await booted.invoke({ tool: 'session_status', args: { sessionKey: 'agent:helper:spawned' } })).status, 404)
  })

  test('from the session that calls', async (t) => {
    const booted = await open(t, {})
    await fill(booted)
    assert.deepEqual(await keysOf(booted, { sessionKey: 'child' }), ['agent:main:child', 'agent:main:grandchild'])
    assert.deepEqual(await keysOf(booted, { sessionKey: 'nobody' }), [])
  })

  test('sessions that spawned each other in a ring end', async (t) => {
    const booted = await open(t, {})
    await booted.sessions.patch('a', { spawnedBy: 'agent:main:b' })
    await booted.sessions.patch('b', { spawnedBy: 'agent:main:a' })
    await booted.sessions.patch('c', {})
    assert.deepEqual(await keysOf(booted, { sessionKey: 'a' }), ['agent:main:a', 'agent:main:b'])
    assert.equal((await booted.invoke({ tool: 'session_status', sessionKey: 'c', args: { sessionKey: 'a' } })).status, 404)
  })
})

describe('sessions_list', () => {
  test('rows as clients know them, newest first, with kind and agent', async (t) => {
    const booted = await open(t)
    await fill(booted)
    const { count, sessions } = await detailsOf(booted, 'sessions_list', { limit: 2 })
    assert.deepEqual([count, sessions.length], [2, 2])
    const all = (await detailsOf(booted, 'sessions_list')).sessions
    assert.deepEqual(
      all.map(({ updatedAt }: any) => updatedAt),
      all.map(({ updatedAt }: any) => updatedAt).sort((a: number, b: number) => b - a),
    )
    const main = all.find(({ key }: any) => key === 'agent:main:main')
    const { kind, agentId, sessionId, inputTokens, modelProvider, model, messages } = main
    assert.deepEqual([kind, agentId, sessionId], ['main', 'main', booted.sessions.get('main')?.id])
    assert.deepEqual([inputTokens, modelProvider, model, messages], [3, 'fake', 'one', undefined])
  })

  test('by kind, by age, and with the last messages', async (t) => {
    const booted = await open(t)
    for (const name of ['main', 'telegram:group:5', 'cron:daily', 'hook:mail', 'node-1', 'mainly', 'hooked'])
      await wholeTurn(booted.sessions, `turn-${name}`, 'Ask', `Answer ${name}`, name)
    const of = async (...kinds: string[]) =>
      (await detailsOf(booted, 'sessions_list', { kinds })).sessions.map(({ key }: any) => key.slice('agent:main:'.length)).sort()
    assert.deepEqual(await of('main'), ['main'])
    assert.deepEqual(await of('group'), ['telegram:group:5'])
    assert.deepEqual(await of('cron', 'hook', 'node'), ['cron:daily', 'hook:mail', 'node-1'])
    assert.deepEqual(await of('other'), ['hooked', 'mainly'])
    assert.equal((await detailsOf(booted, 'sessions_list', { activeMinutes: 5 })).count, 7)
    const [main] = (await detailsOf(booted, 'sessions_list', { kinds: ['main'], messageLimit: 1 })).sessions
    assert.deepEqual(
      main.messages.map(({ role, content }: any) => [role, content[0].text]),
      [['assistant', 'Answer main']],
    )
    assert.equal((await booted.invoke({ tool: 'sessions_list', args: { kinds: ['friend'] } })).status, 400)
    assert.equal((await booted.invoke({ tool: 'sessions_list', args: { limit: 0 } })).status, 400)
  })

  test('in a tree, what rests may have spawned what does not', async (t) => {
    const booted = await open(t, {})
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 })
    await booted.sessions.patch('main', { label: 'old' })
    t.mock.timers.reset()
    await booted.sessions.patch('child', { spawnedBy: 'agent:main:main' })
    assert.deepEqual(await keysOf(booted), ['agent:main:child', 'agent:main:main'])
    const { sessions } = await detailsOf(booted, 'sessions_list', { activeMinutes: 5 })
    assert.deepEqual(
      sessions.map(({ key }: any) => key),
      ['agent:main:child'],
    )
  })
})

describe('sessions_history', () => {
  const call = { type: 'toolCall' as const, id: 'c1', name: 'exec', arguments: { command: 'ls' } }
  const result: Message = {
    role: 'toolResult',
    toolCallId: 'c1',
    toolName: 'exec',
    content: [{ type: 'text', text: 'a b' }],
    isError: false,
    timestamp: 1,
  }
  const withTools = async ({ sessions }: ToolsGateway) => {
    const user = userSays('Look')
    user.content.push({ type: 'image', data: 'AAAA', mimeType: 'image/png' })
    const begun = await sessions.begin(turn('one', '', { messages: [user] }))
    if ('earlier' in begun) throw new Error('used before')
    const calls = assistantSays('')
    calls.content = [{ type: 'thinking', thinking: 'hm' }, call]
    await sessions.finish(answer('one', begun.session.id, '', { messages: [calls, result, assistantSays('Done')] }))
  }

  test('what was said, without tools, thinking and images', async (t) => {
    const booted = await open(t)
    await withTools(booted)
    const { sessionKey, messages, truncated, total } = await detailsOf(booted, 'sessions_history', { sessionKey: 'main' })
    assert.deepEqual([sessionKey, truncated, total], ['agent:main:main', true, 4])
    assert.deepEqual(
      messages.map(({ role, content }: any) => [role, content]),
      [
        [
          'user',
          [
            { type: 'text', text: 'Look' },
            { type: 'image', mimeType: 'image/png', omitted: true },
          ],
        ],
        ['assistant', [{ type: 'text', text: 'Done' }]],
      ],
    )
  })

  test('with tools where they are asked for; by id; the last ones', async (t) => {
    const booted = await open(t)
    await withTools(booted)
    const sessionKey = booted.sessions.get('main')?.id as string
    const { messages } = await detailsOf(booted, 'sessions_history', { sessionKey, includeTools: true })
    assert.deepEqual(
      messages.map(({ role, content }: any) => [role, content.map(({ type }: any) => type)]),
      [
        ['user', ['text', 'image']],
        ['assistant', ['toolCall']],
        ['toolResult', ['text']],
        ['assistant', ['text']],
      ],
    )
    assert.deepEqual(messages[1].content[0], call)
    const last = await detailsOf(booted, 'sessions_history', { sessionKey, limit: 1 })
    assert.deepEqual([last.messages.length, last.messages[0].__openclaw.seq, last.truncated], [1, 4, false])
  })

  test('a long text is cut between characters, and only so much is told', async (t) => {
    const booted = await open(t)
    await wholeTurn(booted.sessions, 'one', `${'x'.repeat(3_999)}🦞`, 'short')
    const first = await detailsOf(booted, 'sessions_history', { sessionKey: 'main' })
    assert.deepEqual([first.messages[0].content[0].text, first.truncated], [`${'x'.repeat(3_999)}…`, true])
    for (let at = 0; at < 50; at++) await wholeTurn(booted.sessions, `long-${at}`, 'y'.repeat(5_000), `answer ${at}`)
    const { messages, truncated, total } = await detailsOf(booted, 'sessions_history', { sessionKey: 'main', limit: 1_000 })
    assert.equal(truncated, true)
    assert.equal(total, 102)
    assert.ok(messages.length > 20 && messages.length < 102)
    assert.equal(messages.at(-1).content[0].text, 'answer 49')
  })

  test('a key that is none, and a session that is not there', async (t) => {
    const booted = await open(t)
    for (const sessionKey of ['nowhere', 'agent::x', 'x:\u0000'])
      assert.deepEqual(
        await booted.invoke({ tool: 'sessions_history', args: { sessionKey } }),
        toolError(404, `No session found: ${sessionKey}`),
      )
    assert.equal((await booted.invoke({ tool: 'sessions_history' })).status, 400)
  })
})

describe('session_status', () => {
  test('says how this session stands, or another', async (t) => {
    const booted = await open(t)
    assert.deepEqual(await booted.invoke({ tool: 'session_status' }), toolError(404, 'No session found: agent:main:main'))
    await fill(booted)
    await booted.sessions.patch('main', { thinkingLevel: 'low' })
    const { body } = await booted.invoke({ tool: 'session_status' })
    const { content, details } = body.result
    assert.deepEqual([details.ok, details.sessionKey, details.agentId, details.session.status], [true, 'agent:main:main', 'main', 'done'])
    assert.deepEqual(content, [{ type: 'text', text: details.statusText }])
    assert.match(
      details.statusText,
      /^Session agent:main:main: 2 messages, updated \d{4}-.*Z\nModel fake\/one\nTokens 3 in, 2 out, context 5\nNewest run done\nSettings thinkingLevel low$/,
    )
    const other = await detailsOf(booted, 'session_status', { sessionKey: 'beside' })
    assert.equal(other.sessionKey, 'agent:main:beside')
    const helper = await detailsOf(booted, 'session_status', { sessionKey: 'main' }, { sessionKey: 'agent:helper:main' })
    assert.equal(helper.sessionKey, 'agent:helper:main')
  })
})
