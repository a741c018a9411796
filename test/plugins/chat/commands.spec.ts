import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, eventsOf, lastText, said } from '../runs/boot.js'

describe('commands in a chat', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  let count = 0
  const say = async (sessionKey: string, message: string, wire = it.wire) => {
    const idempotencyKey = `d-${++count}`
    const answer = await wire.call('chat.send', { sessionKey, message, idempotencyKey })
    const { payload } = await it.wire.event('chat', ({ runId, state }) => runId === idempotencyKey && state !== 'delta')
    return { answer, payload, text: payload.message?.content[0].text as string, runId: idempotencyKey }
  }

  test('/status is answered without a run, with a whole message, and leaves nothing in the transcript', async () => {
    await say('s', 'hello')
    const { answer, payload, text, runId } = await say('s', '/status')
    assert.deepEqual(answer, { runId, status: 'started' })
    assert.match(text, /Session: agent:main:s\n[\s\S]*Model: up\/echo\n[\s\S]*Messages: 2\n/)
    assert.deepEqual([payload.state, payload.message.provider, payload.message.stopReason], ['final', 'openclaw', 'stop'])
    assert.deepEqual(eventsOf(it.wire, runId, 'agent'), [])
    assert.equal(said(it.sessions, 's').length, 2)
  })

  test('/new begins anew, once for each key; what follows it is the first message', async () => {
    await say('n', 'before')
    const old = it.sessions.get('n')?.id
    const { text, runId } = await say('n', '/new')
    assert.equal(text, 'A new session has begun.')
    const fresh = it.sessions.get('n')?.id
    assert.notEqual(fresh, old)
    const repeated = await it.wire.call('chat.send', { sessionKey: 'n', message: '/new', idempotencyKey: runId })
    assert.deepEqual(repeated, { runId, status: 'ok' })
    assert.equal(it.sessions.get('n')?.id, fresh)
    assert.equal((await say('n', '/reset  hello there')).text, 'You said: hello there')
    assert.deepEqual(said(it.sessions, 'n'), ['user: hello there', 'assistant: You said: hello there'])
  })

  test('/model sets the model of the session, shows it, and gives it back', async () => {
    assert.equal((await say('m', '/model')).text, 'Model: up/echo.')
    assert.equal((await say('m', '/model small')).text, 'Model set to up/small.')
    await say('m', 'hello')
    assert.equal((it.sessions.messages('m', 1)[0]?.message as any)?.model, 'small')
    assert.match((await say('m', '/model up/nonsense')).text, /'up\/nonsense' does not exist/)
    assert.equal(it.sessions.get('m')?.settings.model, 'up/small')
    assert.equal((await say('m', '/model default')).text, "Back to the agent's model: up/echo.")
    const writer = await it.another({ scopes: ['operator.write'] })
    const { error } = await writer.request('chat.send', { sessionKey: 'm', message: '/model up/small', idempotencyKey: 'no' })
    assert.equal(error?.message, 'missing scope: operator.admin')
    assert.equal((await say('m', '/model', writer)).text, 'Model: up/echo.')
  })

  test('a command that nobody knows is what the user said', async () => {
    assert.equal((await say('u', '/dance now')).text, 'You said: /dance now')
    assert.equal((await say('u', '/constructor')).text, 'You said: /constructor')
    assert.equal(lastText(it.upstream.requests.at(-1) as never), '/constructor')
  })
})

describe('chat.inject', () => {
  test('appends in place of the assistant and tells everyone', async () => {
    const it = await boot()
    try {
      await it.wire.call('agent', { sessionKey: 'i', message: 'hi', idempotencyKey: 'i' }, { final: true })
      const { ok, messageId } = await it.wire.call('chat.inject', { sessionKey: 'i', message: 'Lunch is at noon.', label: 'note' })
      assert.equal(ok, true)
      const { payload } = await it.wire.event('chat', ({ runId }) => runId === `inject-${messageId}`)
      assert.deepEqual([payload.state, payload.seq, payload.sessionKey], ['final', 0, 'agent:main:i'])
      assert.equal(payload.message.content[0].text, '[note]\n\nLunch is at noon.')
      const { messages } = await it.wire.call('chat.history', { sessionKey: 'i' })
      assert.deepEqual([messages.at(-1).model, messages.at(-1).__openclaw.id], ['gateway-injected', messageId])
      const missing = await it.wire.request('chat.inject', { sessionKey: 'nothing', message: 'x' })
      assert.equal(missing.error?.message, 'session not found')
      const writer = await it.another({ scopes: ['operator.write'] })
      assert.equal((await writer.request('chat.inject', { sessionKey: 'i', message: 'x' })).error?.message, 'missing scope: operator.admin')
      assert.ok(!(it.wire as any).hello.features.methods.includes('chat.inject'))
    } finally {
      await it.close()
    }
  })
})
