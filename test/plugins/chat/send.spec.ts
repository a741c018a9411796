import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, eventsOf, gate, lastText, lengthy, said, until } from '../runs/boot.js'

describe('chat.send and what it causes', () => {
  let it: Booted
  const held = gate()
  const replies: Record<string, object> = {
    'at length': lengthy,
    hush: { text: 'NO_REPLY', chunks: 4 },
    nearly: { text: 'NO_REPLY is a word', chunks: 6, chunkDelayMs: 200 },
    nothing: { text: '' },
  }
  before(async () => {
    it = await boot({
      async respond(request) {
        if (lastText(request).startsWith('hold')) await held.opened
        return replies[lastText(request)]
      },
    })
  })
  after(() => it.close())
  let count = 0
  const params = (message: string, more: object = {}) => ({ sessionKey: `c${++count}`, message, idempotencyKey: `c-${count}`, ...more })
  const ended = (runId: string, wire = it.wire) => wire.event('chat', (payload) => payload.runId === runId && payload.state !== 'delta')
  const chats = (runId: string) => eventsOf(it.wire, runId, 'chat').map(({ payload }) => payload)

  test('answers once, then deltas are the whole text so far, and the last one comes before the final', async () => {
    const asked = params('at length')
    assert.deepEqual(await it.wire.call('chat.send', asked), { runId: asked.idempotencyKey, status: 'started' })
    await ended(asked.idempotencyKey)
    const events = chats(asked.idempotencyKey)
    const deltas = events.filter(({ state }) => state === 'delta')
    const texts = deltas.map(({ message }) => message.content[0].text as string)
    texts.reduce((before, text) => {
      assert.ok(text.startsWith(before) && text.length > before.length)
      return text
    }, '')
    const final = events.at(-1)
    assert.deepEqual([final.state, final.sessionKey, final.message.role], ['final', `agent:main:${asked.sessionKey}`, 'assistant'])
    assert.equal(final.message.content[0].text, lengthy.text)
    assert.equal(texts.at(-1), lengthy.text)
    const times = deltas.slice(0, -1).map(({ message }) => message.timestamp as number)
    times.reduce((before, time) => {
      assert.ok(time - before >= 150, `${time - before} ms between two deltas`)
      return time
    }, 0)
    assert.ok(times.length >= 5)
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map(({ seq }) => seq).toSorted((a, b) => a - b),
    )
  })

  test('the run, its chat and the answer come in the order that clients know', async () => {
    const asked = params('hello')
    await it.wire.call('agent', { ...asked }, { final: true, id: 'ordered' })
    const order = it.wire.frames.flatMap((frame: any) => {
      if (frame.id === 'ordered') return [frame.payload.status]
      if (frame.payload?.runId !== asked.idempotencyKey) return []
      return [frame.event === 'chat' ? frame.payload.state : (frame.payload.data.phase ?? 'said')]
    })
    const first = order.indexOf('said')
    assert.deepEqual(order.slice(0, first + 2), ['accepted', 'start', 'said', 'delta'])
    assert.deepEqual(order.slice(-4), ['end', 'delta', 'final', 'ok'])
  })

  test('the same key is in flight while it runs, and ok afterwards; nothing runs twice', async () => {
    const asked = params('hold this')
    await it.wire.call('chat.send', asked)
    const again = await it.another()
    assert.deepEqual(await again.call('chat.send', asked), { runId: asked.idempotencyKey, status: 'in_flight' })
    held.open()
    await ended(asked.idempotencyKey)
    assert.deepEqual(await it.wire.call('chat.send', { ...asked, message: 'other' }), { runId: asked.idempotencyKey, status: 'ok' })
    assert.equal(said(it.sessions, asked.sessionKey).length, 2)
  })

  test("a provider's error is an event with its text", async () => {
    await it.sessions.patch('bad', { model: 'up/status-400' })
    const asked = params('hello', { sessionKey: 'bad' })
    await it.wire.call('chat.send', asked)
    const { payload } = await ended(asked.idempotencyKey)
    assert.equal(payload.state, 'error')
    assert.match(payload.errorMessage, /Status 400/)
    assert.equal(payload.message, undefined)
  })

  test('a reply that is meant for nobody is not shown, also not its beginning', async () => {
    const [hush, nearly, nothing] = [params('hush'), params('nearly'), params('nothing')]
    for (const asked of [hush, nearly, nothing]) await it.wire.call('chat.send', asked)
    for (const asked of [hush, nearly, nothing]) await ended(asked.idempotencyKey)
    assert.deepEqual(
      chats(hush.idempotencyKey).map(({ state, message }) => [state, message]),
      [['final', undefined]],
    )
    assert.deepEqual(
      chats(nothing.idempotencyKey).map(({ state, message }) => [state, message]),
      [['final', undefined]],
    )
    const shown = chats(nearly.idempotencyKey)
    assert.ok(shown.filter(({ state }) => state === 'delta').every(({ message }) => !'NO_REPLY'.startsWith(message.content[0].text)))
    assert.equal(shown.at(-1).message.content[0].text, 'NO_REPLY is a word')
    const { messages } = await it.wire.call('chat.history', { sessionKey: hush.sessionKey })
    assert.deepEqual(
      messages.map(({ role }: any) => role),
      ['user'],
    )
    const silent = await it.wire.call('agent', params('hush'), { final: true })
    assert.deepEqual(silent.result.payloads, [])
  })

  test('text is composed and without control characters', async () => {
    const asked = params('  e\u0301\u0007\tx\n ')
    await it.wire.call('chat.send', asked)
    await ended(asked.idempotencyKey)
    assert.equal(said(it.sessions, asked.sessionKey)[0], 'user: \u00e9\tx')
  })

  for (const [what, more, message] of [
    ['a null byte', { message: 'a\0b' }, 'message must not contain null bytes'],
    ['an empty message', { message: ' \u0007 ' }, 'message or attachment required'],
    ['a malformed key', { sessionKey: 'agent:a b:x' }, 'malformed session key "agent:a b:x"'],
    ['an agent that nobody knows', { sessionKey: 'agent:nobody:x' }, 'invalid chat.send params: unknown agent id "nobody"'],
    ['provenance', { systemInputProvenance: {} }, 'system provenance fields are reserved for the ACP bridge'],
    ['a bad attachment', { attachments: [{ type: 'image', content: '%' }] }, 'Error: attachment image: invalid base64 content'],
    ['no message at all', { message: undefined }, "invalid chat.send params: must have required property 'message'"],
  ] as const)
    test(`refuses ${what}`, async () => {
      const { error } = await it.wire.request('chat.send', params('x', more))
      assert.deepEqual([error?.code, error?.message], ['INVALID_REQUEST', message])
    })

  for (const words of ['/stop', 'Stop!', 'esc', 'wait...', '停止。', 'ARRÊTE'])
    test(`"${words}" ends what runs in the session`, async () => {
      const asked = params('at length')
      await it.wire.call('chat.send', asked)
      await it.wire.event('agent', ({ runId, stream }) => runId === asked.idempotencyKey && stream === 'assistant')
      const answer = await it.wire.call('chat.send', { ...asked, message: words, idempotencyKey: `${asked.idempotencyKey}-stop` })
      assert.deepEqual(answer, { ok: true, aborted: true, runIds: [asked.idempotencyKey] })
      const { payload } = await ended(asked.idempotencyKey)
      assert.deepEqual([payload.state, payload.stopReason], ['aborted', 'stop'])
      assert.equal(it.sessions.run(`chat:${asked.idempotencyKey}-stop`), undefined)
    })

  test('words that only begin like one of those are a message', async () => {
    const asked = params('stop the car')
    assert.equal((await it.wire.call('chat.send', asked)).status, 'started')
    assert.equal((await ended(asked.idempotencyKey)).payload.message.content[0].text, 'You said: stop the car')
  })

  test('a chat goes on when its connection closes', async () => {
    const wire = await it.another()
    const asked = params('at length')
    await wire.call('chat.send', asked)
    await wire.close()
    assert.equal((await ended(asked.idempotencyKey)).payload.state, 'final')
    await until('it is written down', () => said(it.sessions, asked.sessionKey).length === 2)
  })
})
