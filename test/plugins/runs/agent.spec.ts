import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, eventsOf, gate, lastText, lengthy, said, until } from './boot.js'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe('method agent', () => {
  let it: Booted
  const held = gate()
  before(async () => {
    it = await boot({
      agents: {
        defaults: { model: 'up/echo' },
        list: [{ id: 'main' }, { id: 'ops' }, { id: 'eyes', model: 'up/vision' }, { id: 'broken', model: 'up/status-400' }],
      },
      async respond(request) {
        if (lastText(request).startsWith('wait')) await held.opened
        return lastText(request) === 'at length' ? lengthy : undefined
      },
    })
  })
  after(() => it.close())
  let count = 0
  const ask = (params: Record<string, unknown>) => ({ message: 'hi', sessionKey: `s${++count}`, idempotencyKey: `key-${count}`, ...params })

  test('says accepted, then how it ended, with everything on disk by then', async () => {
    const params = ask({})
    const accepted = await it.wire.request('agent', params, { id: 'a1' })
    assert.deepEqual(Object.keys(accepted.payload), ['runId', 'status', 'acceptedAt'])
    assert.equal(accepted.payload.status, 'accepted')
    const final: any = await it.wire.waitFor(
      (frame) => frame.type === 'res' && frame.id === 'a1' && frame.payload?.status === 'ok',
      'final',
    )
    const session = it.sessions.get(params.sessionKey)
    const { result, ...head } = final.payload
    assert.deepEqual(head, { runId: params.idempotencyKey, status: 'ok', summary: 'completed' })
    assert.deepEqual(result.payloads, [{ text: 'You said: hi', mediaUrl: null }])
    const { durationMs, agentMeta, aborted } = result.meta
    assert.ok(durationMs >= 0)
    assert.equal(aborted, false)
    assert.deepEqual([agentMeta.sessionId, agentMeta.provider, agentMeta.model], [session?.id, 'up', 'echo'])
    assert.deepEqual(Object.keys(agentMeta.usage), ['input', 'output', 'total'])
    assert.deepEqual(said(it.sessions, params.sessionKey), ['user: hi', 'assistant: You said: hi'])
    assert.deepEqual(it.upstream.violations, [])
  })

  test('its events are in order and counted from 1', async () => {
    const params = ask({})
    await it.wire.call('agent', params, { final: true })
    const events = eventsOf(it.wire, params.idempotencyKey, 'agent').map(({ payload }) => payload)
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, i) => i + 1),
    )
    assert.ok(events.every(({ sessionKey }) => sessionKey === `agent:main:${params.sessionKey}`))
    assert.equal(events[0].data.phase, 'start')
    assert.equal(events.at(-1).data.phase, 'end')
    const spoken = events.filter(({ stream }) => stream === 'assistant').map(({ data }) => data)
    assert.equal(spoken.map(({ delta }) => delta).join(''), 'You said: hi')
    assert.equal(spoken.at(-1).text, 'You said: hi')
  })

  test('a repeat while it runs gets the same accepted, one after it the same end', async () => {
    const params = ask({ message: 'wait for it' })
    const first = await it.wire.request('agent', params)
    const again = await (await it.another()).request('agent', params)
    assert.deepEqual(again.payload, first.payload)
    held.open()
    const final = await it.wire.call('agent.wait', { runId: params.idempotencyKey })
    assert.equal(final.status, 'ok')
    const late = await it.wire.request('agent', { ...params, message: 'something else' })
    assert.equal(late.payload.result.payloads[0].text, 'You said: wait for it')
    assert.deepEqual(said(it.sessions, params.sessionKey), ['user: wait for it', 'assistant: You said: wait for it'])
  })

  test("a provider's error is an answer with its text, and the transcript has it", async () => {
    const params = ask({ agentId: 'broken' })
    const { status, result } = await it.wire.call('agent', params, { final: true })
    assert.equal(status, 'ok')
    assert.match(result.payloads[0].text, /Status 400/)
    const end = eventsOf(it.wire, params.idempotencyKey, 'agent').at(-1)
    assert.equal(end?.payload.data.phase, 'error')
    assert.equal(end?.payload.data.error, result.payloads[0].text)
    const message: any = it.sessions.messages(`agent:broken:${params.sessionKey}`, 1)[0]?.message
    assert.deepEqual([message.stopReason, message.errorMessage], ['error', result.payloads[0].text])
    const ended = await it.wire.call('agent.wait', { runId: params.idempotencyKey })
    assert.deepEqual([ended.status, ended.error], ['error', result.payloads[0].text])
  })

  for (const [what, params, message] of [
    ['an agent that nobody knows', { agentId: 'nobody' }, 'invalid agent params: unknown agent id "nobody"'],
    ['an agent of a key that nobody knows', { sessionKey: 'agent:nobody:x' }, 'invalid agent params: unknown agent id "nobody"'],
    ['a malformed key', { sessionKey: 'agent::x' }, 'invalid agent params: malformed session key "agent::x"'],
    [
      "another agent than the key's",
      { agentId: 'ops', sessionKey: 'agent:main:x' },
      'invalid agent params: agent "ops" does not match session key agent "main"',
    ],
    [
      'no session at all',
      { sessionKey: undefined },
      'invalid agent params: agentId, sessionKey, sessionId or to must say which session it is for',
    ],
    ['a blank message', { message: '  ' }, 'invalid agent params: message must not be blank'],
    ['a channel that is not there', { channel: 'pigeon' }, 'unknown channel: pigeon'],
    [
      'an attachment that is not base64',
      { attachments: [{ fileName: 'a.png', content: '???' }] },
      'Error: attachment a.png: invalid base64 content',
    ],
    ['an unknown field', { colour: 'red' }, "invalid agent params: at root: unexpected property 'colour'"],
  ] as const)
    test(`refuses ${what} before it is accepted`, async () => {
      const { error } = await it.wire.request('agent', ask(params))
      assert.deepEqual([error?.code, error?.message], ['INVALID_REQUEST', message])
    })

  test('delivery is refused before the run, as no channel can', async () => {
    const { error } = await it.wire.request('agent', ask({ deliver: true }))
    assert.match(error?.message ?? '', /^delivery channel is required: /)
  })

  test('a session that must not be sent to is not', async () => {
    await it.sessions.patch('quiet', { sendPolicy: 'deny' })
    const { error } = await it.wire.request('agent', ask({ sessionKey: 'quiet' }))
    assert.equal(error?.message, 'send blocked by session policy')
  })

  test('only an admin chooses the model or begins anew', async () => {
    const writer = await it.another({ scopes: ['operator.write'] })
    const refused = async (params: object) => (await writer.request('agent', ask({ ...params }))).error?.message
    assert.equal(await refused({ model: 'up/vision' }), 'provider/model overrides are not authorized for this caller.')
    assert.equal(await refused({ provider: 'up' }), 'provider/model overrides are not authorized for this caller.')
    assert.equal(await refused({ message: '/new' }), 'missing scope: operator.admin')
    const { result } = await it.wire.call('agent', ask({ provider: 'up', model: 'vision' }), { final: true })
    assert.equal(result.meta.agentMeta.model, 'vision')
  })

  test('/reset begins a new transcript once, whoever repeats it', async () => {
    const { sessionKey } = ask({})
    await it.wire.call('agent', ask({ sessionKey, message: 'before' }), { final: true })
    const old = it.sessions.get(sessionKey)?.id
    const params = ask({ sessionKey, message: '/reset  after' })
    await it.wire.call('agent', params, { final: true })
    const fresh = it.sessions.get(sessionKey)?.id
    assert.notEqual(fresh, old)
    assert.deepEqual(said(it.sessions, sessionKey), ['user: after', 'assistant: You said: after'])
    await it.wire.call('agent', params, { final: true })
    assert.equal(it.sessions.get(sessionKey)?.id, fresh)
  })

  test('a session may be named by its id, and one without a name is the same each time', async () => {
    const first = ask({})
    await it.wire.call('agent', first, { final: true })
    const { id = '' } = it.sessions.get(first.sessionKey) ?? {}
    await it.wire.call('agent', ask({ sessionKey: undefined, sessionId: id, message: 'again' }), { final: true })
    assert.equal(said(it.sessions, first.sessionKey).length, 4)
    const mine = 'my-session'
    for (const message of ['one', 'two'])
      await it.wire.call('agent', ask({ sessionKey: undefined, sessionId: mine, message }), { final: true })
    assert.equal(said(it.sessions, `agent:main:explicit:${mine}`).length, 4)
  })

  test('agentId alone is the main session of that agent; so is a number to send to', async () => {
    await it.wire.call('agent', ask({ sessionKey: undefined, agentId: 'ops' }), { final: true })
    await it.wire.call('agent', ask({ sessionKey: undefined, agentId: 'ops', to: '+15550100' }), { final: true })
    assert.equal(said(it.sessions, 'agent:ops:main').length, 4)
  })

  test('images go to a model that takes them, by what their bytes say; other attachments are left out', async () => {
    const attachments = [
      { type: 'image', mimeType: 'image/jpeg', fileName: 'a.jpg', content: `data:image/jpeg;base64,${png}` },
      { source: { type: 'base64', media_type: 'image/png', data: png } },
      { fileName: 'a.txt', content: 'aGVsbG8=' },
    ]
    const params = ask({ agentId: 'eyes', attachments })
    const { result } = await it.wire.call('agent', params, { final: true })
    assert.equal(result.payloads[0].text, 'Images seen: 2')
    const message: any = it.sessions.messages(`agent:eyes:${params.sessionKey}`, 10)[0]?.message
    assert.deepEqual(
      message.content.map((block: any) => block.mimeType ?? block.text),
      ['hi', 'image/png', 'image/png'],
    )
    const blind = ask({ attachments })
    await it.wire.call('agent', blind, { final: true })
    assert.match(JSON.stringify(it.upstream.requests.at(-1)?.body.messages), /an image that is not sent/)
    const big = { fileName: 'big.png', content: 'A'.repeat(6_700_000) }
    const { error } = await it.wire.request('agent', ask({ attachments: [big] }))
    assert.match(error?.message ?? '', /^Error: attachment big.png: exceeds size limit/)
  })

  test('the thinking level and more of a prompt reach the model', async () => {
    const internalEvents = [
      {
        type: 'task_completion',
        source: 'cron',
        childSessionKey: 'x',
        announceType: 'a',
        taskLabel: 'backup',
        status: 'ok',
        statusLabel: 'done',
        result: '3 files',
      },
    ]
    await it.wire.call('agent', ask({ thinking: 'high', extraSystemPrompt: 'Speak Latin.', internalEvents }), { final: true })
    const { body } = it.upstream.requests.at(-1) as any
    assert.equal(body.reasoning_effort, 'high')
    assert.match(body.messages[0].content, /personal assistant[\s\S]*Speak Latin\.[\s\S]*Task "backup" \(cron\): done\n3 files/)
  })

  test('T-SCOPE-08 a run carries the principal that caused it, and where it came from', async () => {
    const device = await it.another()
    device.send({ type: 'req', id: 'p', method: 'agent', params: ask({ message: 'hi', model: 'up/hang', idempotencyKey: 'carried' }) })
    await until('the run', () => [...it.runs.active()].some(({ runId }) => runId === 'carried'))
    const run = [...it.runs.active()].find(({ runId }) => runId === 'carried')
    assert.match(run?.deviceId ?? '', /^[0-9a-f]{64}$/)
    assert.deepEqual([run?.principal.kind, run?.principal.id], ['device', run?.deviceId])
    assert.ok(run?.connId)
    run?.abort('rpc')
    const outcome = await run?.done
    assert.deepEqual([outcome?.status, outcome?.stopReason], ['aborted', 'rpc'])
  })

  test('agent.wait waits for a run that is not there yet, and says timeout when none comes', async () => {
    assert.deepEqual(await it.wire.call('agent.wait', { runId: 'never', timeoutMs: 0 }), { runId: 'never', status: 'timeout' })
    assert.deepEqual(await it.wire.call('agent.wait', { runId: 'never', timeoutMs: 20 }), { runId: 'never', status: 'timeout' })
    const params = ask({})
    const waiting = it.wire.call('agent.wait', { runId: params.idempotencyKey })
    await it.wire.call('agent', params, { final: true })
    const ended = await waiting
    assert.equal(ended.status, 'ok')
    assert.ok(ended.endedAt >= ended.startedAt)
  })

  test('an aborted run is an answer that says so, with what was said', async () => {
    const params = ask({ message: 'at length' })
    it.wire.send({ type: 'req', id: 'ab', method: 'agent', params })
    await it.wire.event('agent', (payload) => payload.runId === params.idempotencyKey && payload.stream === 'assistant')
    for (const run of it.runs.active()) if (run.runId === params.idempotencyKey) run.abort('rpc')
    const final: any = await it.wire.waitFor(
      (frame) => frame.type === 'res' && frame.id === 'ab' && frame.payload?.status === 'ok',
      'final',
    )
    assert.equal(final.payload.result.meta.aborted, true)
    assert.equal(final.payload.result.meta.stopReason, 'rpc')
    assert.match(final.payload.result.payloads[0].text, /^word /)
    assert.deepEqual(await it.wire.call('agent.wait', { runId: params.idempotencyKey }).then(({ status }) => status), 'timeout')
  })
})
