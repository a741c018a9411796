import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { boot, type Booted, gate, lastText, lengthy, said, until } from './boot.js'

const root = await mkdtemp(join(tmpdir(), 'runs-'))
const open: Booted[] = []
after(async () => {
  await Promise.all(open.map((it) => it.close()))
  await rm(root, { recursive: true, force: true })
})
const start = async (options: Parameters<typeof boot>[0] = {}) => {
  const it = await boot(options)
  open.push(it)
  return it
}
const atLength = (hold = Promise.resolve()) => ({
  respond: async (request: Parameters<typeof lastText>[0]) => {
    if (lastText(request).startsWith('hold')) await hold
    return lastText(request) === 'at length' ? lengthy : undefined
  },
})
const everything = ['agents', 'models', 'provider-openai', 'sessions', 'runs', 'chat']

describe('runs and reloads', () => {
  for (const names of [['runs'], ['chat'], everything])
    test(`a run that speaks, and one that waits behind it, outlive the replacement of ${names.join(', ')}`, async () => {
      const it = await start(atLength())
      await it.wire.call('chat.send', { sessionKey: 'a', message: 'at length', idempotencyKey: 'one' })
      await it.wire.event('agent', (payload) => payload.runId === 'one' && payload.stream === 'assistant')
      await it.wire.call('chat.send', { sessionKey: 'a', message: 'then this', idempotencyKey: 'two' })
      const before = it.wire.frames.length
      await it.replace(names)
      assert.deepEqual(
        [...it.runs.active()].map(({ runId }) => runId),
        ['one', 'two'],
      )
      await it.wire.call('chat.send', { sessionKey: 'a', message: 'and this', idempotencyKey: 'three' })
      const { payload } = await it.wire.event('chat', ({ runId, state }) => runId === 'three' && state === 'final')
      assert.equal(payload.message.content[0].text, 'You said: and this')
      const ends = it.wire.frames.flatMap((frame: any) =>
        frame.event === 'chat' && frame.payload.state !== 'delta' ? [frame.payload] : [],
      )
      assert.deepEqual(
        ends.map(({ runId, state }) => [runId, state]),
        [
          ['one', 'final'],
          ['two', 'final'],
          ['three', 'final'],
        ],
      )
      assert.equal(ends[0].message.content[0].text, lengthy.text)
      assert.ok(it.wire.frames.slice(before).some((frame: any) => frame.event === 'chat' && frame.payload.state === 'delta'))
      assert.deepEqual(said(it.sessions, 'a'), [
        'user: at length',
        'user: then this',
        'user: and this',
        `assistant: ${lengthy.text}`,
        'assistant: You said: then this',
        'assistant: You said: and this',
      ])
      assert.deepEqual(
        it.gateway.log.filter(({ level }) => level === 'error'),
        [],
      )
    })

  test('a reload that is refused leaves the runs with the scope that they had', async () => {
    const held = gate()
    const it = await start(atLength(held.opened))
    await it.wire.call('chat.send', { sessionKey: 'a', message: 'hold', idempotencyKey: 'one' })
    const refusing = definePlugin({
      api: 1,
      name: 'refusing',
      apply: (kernel) =>
        kernel.hooks.start.tap(() => {
          throw new Error('refused on purpose')
        }),
    })
    await assert.rejects(it.replace(everything, [refusing]), /refused on purpose/)
    held.open()
    await it.wire.event('chat', ({ runId, state }) => runId === 'one' && state === 'final')
    await it.wire.call('agent', { sessionKey: 'a', message: 'hello', idempotencyKey: 'two' }, { final: true })
    assert.deepEqual(said(it.sessions, 'a'), ['user: hold', 'assistant: You said: hold', 'user: hello', 'assistant: You said: hello'])
  })

  test('the answer to `agent` comes over a replacement of the plugin that runs it', async () => {
    const held = gate()
    const it = await start(atLength(held.opened))
    const final = it.wire.request('agent', { sessionKey: 'a', message: 'hold on', idempotencyKey: 'one' }, { final: true })
    await until('it is asked', () => it.upstream.requests.length === 1)
    await it.replace(['runs'])
    held.open()
    assert.equal((await final).payload.result.payloads[0].text, 'You said: hold on')
  })
})

describe('runs and the end of the gateway', () => {
  test('runs go on until the deadline, then what was said is kept and the reason is shutdown', async () => {
    const state = join(root, 'shutdown')
    const it = await start({ ...atLength(), paths: { state }, limits: { closeDrainMs: 900 } })
    await it.wire.call('chat.send', { sessionKey: 'a', message: 'at length', idempotencyKey: 'one' })
    await it.wire.call('chat.send', { sessionKey: 'a', message: 'never asked', idempotencyKey: 'two' })
    await it.wire.call('chat.send', { sessionKey: 'b', message: 'quick', idempotencyKey: 'three' })
    await it.wire.event('agent', (payload) => payload.runId === 'one' && payload.stream === 'assistant')
    const closing = it.gateway.close()
    const { payload } = await it.wire.event('chat', ({ runId, state: how }) => runId === 'one' && how === 'aborted')
    assert.equal(payload.stopReason, 'shutdown')
    await closing
    const next = await start({ paths: { state } })
    const [first, second, answer] = next.sessions.messages('a', 10).map(({ message }) => message as any)
    assert.deepEqual([first.role, second.role, answer.stopReason], ['user', 'user', 'aborted'])
    assert.match(answer.content[0].text, /^word /)
    assert.deepEqual([next.sessions.run('chat:one')?.status, next.sessions.run('chat:two')?.status], ['aborted', 'aborted'])
    assert.equal(next.sessions.run('chat:three')?.status, 'ok')
  })

  test('a key is remembered over a restart: the same answer, and nothing runs again', async () => {
    const state = join(root, 'restart')
    const params = { sessionKey: 'a', message: 'hello', idempotencyKey: 'one' }
    const first = await start({ paths: { state } })
    const answer = await first.wire.call('agent', params, { final: true })
    await first.wire.call('chat.send', { ...params, idempotencyKey: 'chat-one' })
    await first.wire.event('chat', ({ runId, state: how }) => runId === 'chat-one' && how === 'final')
    await first.gateway.close()
    const second = await start({ paths: { state } })
    assert.deepEqual(await second.wire.call('agent', params), answer)
    assert.deepEqual(await second.wire.call('chat.send', { ...params, idempotencyKey: 'chat-one' }), { runId: 'chat-one', status: 'ok' })
    assert.deepEqual(await second.wire.call('agent.wait', { runId: 'one' }).then(({ status }) => status), 'ok')
    assert.equal(second.upstream.requests.length, 0)
    assert.deepEqual(said(second.sessions, 'a'), ['user: hello', 'assistant: You said: hello', 'user: hello', 'assistant: You said: hello'])
  })

  test('what ran when the power went is told of as interrupted, and what the user said is there', async () => {
    const state = join(root, 'power')
    const copied = join(root, 'power-after')
    const held = gate()
    const it = await start({ ...atLength(held.opened), paths: { state } })
    const params = { sessionKey: 'a', message: 'hold on', idempotencyKey: 'one' }
    await it.wire.request('agent', params)
    await it.wire.call('chat.send', { ...params, idempotencyKey: 'chat-one' })
    await cp(state, copied, { recursive: true })
    held.open()
    const next = await start({ paths: { state: copied } })
    for (const [method, key] of [
      ['agent', 'one'],
      ['chat.send', 'chat-one'],
    ] as const) {
      const { ok, error } = await next.wire.request(method, { ...params, idempotencyKey: key })
      assert.deepEqual([ok, error?.code], [false, 'UNAVAILABLE'])
      assert.match(error?.message ?? '', /The gateway ended while/)
    }
    const ended = await next.wire.call('agent.wait', { runId: 'one' })
    assert.equal(ended.status, 'error')
    assert.deepEqual(said(next.sessions, 'a'), ['user: hold on', 'user: hold on'])
  })
})
