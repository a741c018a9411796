import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Sessions } from '../../../plugins/contracts/sessions.js'
import sessionsPlugin from '../../../plugins/sessions/index.js'
import ws from '../../../plugins/ws-protocol/index.js'
import { connectOperator, type Event, type Wire } from '../../support/operator.js'
import { bootSessions, type SessionsGateway } from '../../support/sessions.js'
import { answer, assistantSays, turn, userSays, wholeTurn } from '../../support/turns.js'

let booted: SessionsGateway
let sessions: Sessions
before(async () => {
  booted = await bootSessions(undefined, [ws])
  sessions = booted.sessions
})
after(() => booted.gateway.close())

const connect = () => connectOperator(booted.gateway.url, { token: booted.gateway.token })

/** Session events that came so far, once a `mark` that was published after them has come too. */
async function heard(wire: Wire): Promise<Event[]> {
  // What is announced late is announced in the next turn of the event loop.
  await new Promise(setImmediate)
  await wire.call('sessions.resolve', { key: 'agent:main:anything' }).catch(() => undefined)
  return wire.frames.filter((frame): frame is Event => frame.type === 'event' && frame.event.startsWith('session'))
}
const briefly = ({ event, payload }: Event) =>
  `${event} ${payload.sessionKey} ${payload.reason ?? payload.phase ?? payload.message.content[0].text}`

describe('events of sessions', () => {
  test('are for subscribers only, and without a sequence number', async () => {
    const [all, one, none] = await Promise.all([connect(), connect(), connect()])
    assert.deepEqual(await all.call('sessions.subscribe'), { subscribed: true })
    assert.deepEqual(await one.call('sessions.messages.subscribe', { key: 'heard' }), { subscribed: true, key: 'agent:main:heard' })
    const id = await wholeTurn(sessions, 'e1', 'Hello', 'Hi', 'heard')
    await wholeTurn(sessions, 'e2', 'Else', 'Where', 'unheard')
    assert.deepEqual((await heard(none)).map(briefly), [])
    assert.deepEqual((await heard(one)).map(briefly), ['session.message agent:main:heard Hello', 'session.message agent:main:heard Hi'])
    const events = await heard(all)
    assert.deepEqual(
      events
        .filter(({ payload }) => payload.sessionKey === 'agent:main:heard')
        .map(briefly)
        .sort(),
      [
        'session.message agent:main:heard Hello',
        'session.message agent:main:heard Hi',
        'sessions.changed agent:main:heard end',
        'sessions.changed agent:main:heard send',
        'sessions.changed agent:main:heard start',
      ],
    )
    assert.equal(events.length, 10)
    assert.ok(events.every(({ seq, stateVersion }) => seq === undefined && stateVersion === undefined))
    const [entry] = sessions.messages('heard', 1, 0)
    const { message, messageId, messageSeq, session, sessionId, updatedAt } = (
      events.find(({ event }) => event === 'session.message') as Event
    ).payload
    assert.deepEqual(message, { ...userSays('Hello'), __openclaw: { id: entry?.id, seq: 1 } })
    assert.deepEqual([messageId, messageSeq, session.key, session.sessionId, sessionId], [entry?.id, 1, 'agent:main:heard', id, id])
    assert.equal(typeof updatedAt, 'number')
    const end = events.find(({ payload }) => payload.phase === 'end')?.payload
    assert.deepEqual([end.runId, end.status, end.session.status, end.totalTokens, end.abortedLastRun], ['e1', 'done', 'done', 5, false])
    assert.equal(typeof end.ts, 'number')
    await Promise.all([all.close(), one.close(), none.close()])
  })

  test('tell of every change', async () => {
    const wire = await connect()
    await wire.call('sessions.subscribe', { ignored: 'yes' })
    const begun = await sessions.begin(turn('e3', 'Ask', { session: 'changing' }))
    assert.ok('session' in begun)
    await heard(wire)
    const { key, id } = begun.session
    await sessions.finish(answer('e3', id, '', { sessionKey: key, status: 'error', messages: [] }))
    await heard(wire)
    await sessions.append('changing', assistantSays('Injected'))
    await sessions.patch('changing', { label: 'Changing' })
    await sessions.reset('changing', 'new')
    await sessions.reset('changing')
    await sessions.remove('changing', { transcript: true })
    assert.deepEqual((await heard(wire)).map(briefly), [
      'sessions.changed agent:main:changing send',
      'sessions.changed agent:main:changing start',
      'session.message agent:main:changing Ask',
      'sessions.changed agent:main:changing error',
      'session.message agent:main:changing Injected',
      'sessions.changed agent:main:changing message',
      'sessions.changed agent:main:changing patch',
      'sessions.changed agent:main:changing new',
      'sessions.changed agent:main:changing reset',
      'sessions.changed agent:main:changing delete',
    ])
    await wire.close()
  })

  test('stop when they are no longer wanted', async () => {
    const wire = await connect()
    await wire.call('sessions.subscribe')
    await wire.call('sessions.messages.subscribe', { key: 'quiet' })
    assert.deepEqual(await wire.call('sessions.unsubscribe'), { subscribed: false })
    assert.deepEqual(await wire.call('sessions.messages.unsubscribe', { key: 'quiet' }), { subscribed: false, key: 'agent:main:quiet' })
    await wholeTurn(sessions, 'e4', 'Hello', 'Hi', 'quiet')
    assert.deepEqual(await heard(wire), [])
    await wire.close()
  })

  test('a connection may follow 256 sessions at once', async () => {
    const wire = await connect()
    for (let at = 0; at < 256; at++) await wire.call('sessions.messages.subscribe', { key: `follow ${at}` })
    await assert.rejects(
      wire.call('sessions.messages.subscribe', { key: 'one more' }),
      /INVALID_REQUEST: too many subscriptions: at most 256/,
    )
    await wire.call('sessions.messages.subscribe', { key: 'follow 0' })
    await wire.call('sessions.messages.unsubscribe', { key: 'follow 0' })
    await wire.call('sessions.messages.subscribe', { key: 'one more' })
    await wire.close()
  })

  test('subscriptions outlive a replacement of the plugin', async () => {
    const wire = await connect()
    await wire.call('sessions.subscribe')
    const plugins = booted.plugins.map((plugin) => (plugin === sessionsPlugin ? { ...sessionsPlugin } : plugin))
    await booted.gateway.reload({ plugins })
    await wholeTurn(booted.sessions, 'e5', 'Hello', 'Hi', 'after')
    assert.equal((await heard(wire)).filter(({ event }) => event === 'session.message').length, 2)
    await wire.close()
  })
})
