import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, eventsOf, gate, lastText, lengthy, said, until } from './boot.js'

describe('turns of a session', () => {
  let it: Booted
  const gates = new Map<string, ReturnType<typeof gate>>()
  const gateOf = (text: string) => {
    const known = gates.get(text) ?? gate()
    gates.set(text, known)
    return known
  }
  before(async () => {
    it = await boot({
      agents: {
        defaults: { model: { primary: 'up/echo' }, timeoutSeconds: 2 },
        list: [
          { id: 'main' },
          { id: 'backed', model: { primary: 'up/overloaded', fallbacks: ['up/status-500', 'up/echo'] } },
          { id: 'refused', model: { primary: 'up/status-400', fallbacks: ['up/echo'] } },
          { id: 'cut', model: { primary: 'up/cut', fallbacks: ['up/echo'] } },
          { id: 'small', model: 'up/small' },
        ],
      },
      async respond(request) {
        const text = lastText(request)
        if (text.startsWith('hold ')) await gateOf(text).opened
        return text === 'at length' ? lengthy : undefined
      },
    })
  })
  after(() => it.close())
  let count = 0
  const send = (session: string, message: string, params: object = {}) => {
    const idempotencyKey = `turn-${++count}`
    return it.wire.call('chat.send', { sessionKey: session, message, idempotencyKey, ...params })
  }
  const ended = (runId: string) => it.wire.event('chat', (payload) => payload.runId === runId && payload.state !== 'delta')
  const contexts = (session: string) =>
    it.upstream.requests.filter(({ body }) => JSON.stringify(body.messages).includes(session)).map(({ body }) => body.messages)

  test('run one after the other, in the order in which they were accepted', async () => {
    const runs = []
    for (const n of [1, 2, 3]) runs.push(await send('order', `hold order ${n}`))
    assert.deepEqual(
      runs.map(({ status }) => status),
      ['started', 'started', 'started'],
    )
    assert.deepEqual(said(it.sessions, 'order'), ['user: hold order 1', 'user: hold order 2', 'user: hold order 3'])
    await until('the first is asked', () => contexts('hold order').length === 1)
    for (const n of [3, 2, 1]) gateOf(`hold order ${n}`).open()
    await ended(runs[2].runId)
    assert.deepEqual(
      contexts('hold order').map((messages) => messages.slice(1).map(({ content }: any) => content)),
      [
        ['hold order 1'],
        ['hold order 1', 'You said: hold order 1', 'hold order 2'],
        ['hold order 1', 'hold order 2', 'You said: hold order 1', 'You said: hold order 2', 'hold order 3'],
      ],
    )
  })

  test('T-DOS-11 no more than 20 wait; the next is told when to come back', async () => {
    const runs = []
    for (let n = 0; n < 20; n++) runs.push(await send('full', n === 0 ? 'hold full' : `full ${n}`))
    const { error } = await it.wire.request('chat.send', { sessionKey: 'full', message: 'too much', idempotencyKey: 'too-much' })
    assert.deepEqual([error?.code, error?.retryable, error?.retryAfterMs], ['UNAVAILABLE', true, 5_000])
    assert.match(error?.message ?? '', /wait in this session/)
    assert.equal(it.sessions.run('chat:too-much'), undefined)
    gateOf('hold full').open()
    await ended(runs[19].runId)
    assert.equal((await send('full', 'room again')).status, 'started')
  })

  test('one that waits and is aborted ends at once, and is not asked', async () => {
    const first = await send('skip', 'hold skip')
    const second = await send('skip', 'skip me')
    const { runIds } = await it.wire.call('chat.abort', { sessionKey: 'skip', runId: second.runId })
    assert.deepEqual(runIds, [second.runId])
    assert.equal(it.sessions.run(`chat:${second.runId}`)?.status, 'aborted')
    gateOf('hold skip').open()
    await ended(first.runId)
    assert.ok(!it.upstream.requests.some((request) => lastText(request) === 'skip me'))
  })

  test('what was said before an abort is kept, and the provider is left within 500 ms', async () => {
    const { runId } = await send('partial', 'at length')
    await it.wire.event('agent', (payload) => payload.runId === runId && payload.stream === 'assistant')
    const request = it.upstream.requests.findLast((each) => lastText(each) === 'at length')
    const abortedAt = performance.now()
    await it.wire.call('chat.abort', { sessionKey: 'partial' })
    await until('the upstream socket closes', () => request?.closedAt !== undefined)
    assert.ok((request?.closedAt as number) - abortedAt < 500)
    const [, answer] = it.sessions.messages('partial', 10).map(({ message }) => message as any)
    assert.equal(answer.stopReason, 'aborted')
    assert.match(answer.content[0].text, /^word /)
  })

  test('a run ends at its deadline, as an abort with the reason timeout', async () => {
    const { runId } = await send('late', 'at length', { timeoutMs: 300 })
    const { payload } = await ended(runId)
    assert.deepEqual([payload.state, payload.stopReason], ['aborted', 'timeout'])
    assert.match(payload.message.content[0].text, /^word /)
    const record = it.sessions.run(`chat:${runId}`)
    assert.deepEqual([record?.status, record?.error], ['timeout', 'The answer took longer than 300 ms.'])
  })

  test("the agent's own limit holds where the request has none", async () => {
    const { payload } = await ended((await send('limit', 'hold for ever')).runId)
    assert.deepEqual([payload.state, payload.stopReason, payload.message], ['aborted', 'timeout', undefined])
    gateOf('hold for ever').open()
  })

  test('the next model answers where one has a passing failure and said nothing', async () => {
    const { runId } = await send('agent:backed:f', 'hello')
    const { payload } = await ended(runId)
    assert.equal(payload.message.content[0].text, 'You said: hello')
    const message: any = it.sessions.messages('agent:backed:f', 1)[0]?.message
    assert.equal(message.model, 'echo')
    assert.equal(eventsOf(it.wire, runId, 'agent').filter(({ payload: { data } }) => data.phase).length, 2)
  })

  test('a failure that is not passing is final, and so is one after the first word', async () => {
    assert.equal((await ended((await send('agent:refused:f', 'hello')).runId)).payload.state, 'error')
    const { payload } = await ended((await send('agent:cut:f', 'hello')).runId)
    assert.equal(payload.state, 'error')
    const message: any = it.sessions.messages('agent:cut:f', 1)[0]?.message
    assert.deepEqual([message.stopReason, message.errorMessage], ['error', payload.errorMessage])
    assert.ok(message.content[0].text.length > 0)
  })

  test('a model of the session comes before that of the agent', async () => {
    await it.sessions.patch('picky', { model: 'up/small' })
    await ended((await send('picky', 'hello')).runId)
    assert.equal((it.sessions.messages('picky', 1)[0]?.message as any)?.model, 'small')
    await it.sessions.patch('picky', { model: 'up/gone' })
    const { payload } = await ended((await send('picky', 'hello')).runId)
    assert.match(payload.errorMessage, /'up\/gone' does not exist/)
  })

  test('what does not fit the window is left out, the oldest first, and roles stay what they are', async () => {
    for (let n = 1; n <= 6; n++) await ended((await send('agent:small:w', `number ${n} ${'x'.repeat(150)}`)).runId)
    const messages = it.upstream.requests.findLast((each) => lastText(each).startsWith('number 6'))?.body.messages
    const texts = JSON.stringify(messages)
    assert.ok(texts.includes('number 5') && !texts.includes('number 1 '))
    assert.equal(messages[0].role, 'system')
    assert.ok(messages.some(({ role }: any) => role === 'assistant'))
  })

  test('the main session is told of system events, once, and of the newest 20', async () => {
    for (let n = 1; n <= 25; n++) it.events.add(` event\n${n} `)
    it.events.add('event 25')
    assert.equal(it.events.list().length, 20)
    await ended((await send('aside', 'not here')).runId)
    await ended((await send('main', 'what is new?')).runId)
    const [first, second] = it.upstream.requests.slice(-2).map(lastText)
    assert.equal(first, 'not here')
    assert.match(second ?? '', /^\[System note, not from the user\]\n- event 6\n[\s\S]*- event 25\n\nwhat is new\?$/)
    assert.deepEqual(it.events.list(), [])
    assert.equal(said(it.sessions, 'main')[0], 'user: what is new?')
  })

  test('a reset in the middle: the run ends in the transcript that it belongs to', async () => {
    const { runId } = await send('moved', 'hold moved')
    const fresh = await it.sessions.reset('moved')
    gateOf('hold moved').open()
    await ended(runId)
    assert.deepEqual(said(it.sessions, 'moved'), [])
    assert.equal(it.sessions.get('moved')?.id, fresh.id)
  })

  test('all bodies fit the types of the vendor', () => assert.deepEqual(it.upstream.violations, []))
})
