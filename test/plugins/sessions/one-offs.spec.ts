import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { bootSessions } from '../../support/sessions.js'
import { turn, wholeTurn } from '../../support/turns.js'

const day = 86_400_000

describe('conversations of one request', () => {
  test('are forgotten after 30 days, and no other conversation ever is', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    try {
      const { sessions } = await bootSessions()
      const http = (session: string) => ({ ...turn(session, 'Hello'), session, origin: 'http' })
      for (const session of ['agent:main:openai:1b0c-one', 'agent:main:openai-user:ann', 'agent:main:desk']) {
        const begun = await sessions.begin(http(session))
        assert.ok('session' in begun)
        const { runId, key } = http(session)
        await sessions.finish({ runId, sessionKey: session, sessionId: begun.session.id, ...(key && { key }), status: 'ok', messages: [] })
      }
      mock.timers.tick(29 * day)
      await wholeTurn(sessions, 'later', 'Hello', 'Hello to you')
      assert.equal(sessions.count(), 4)
      mock.timers.tick(2 * day)
      await wholeTurn(sessions, 'much later', 'Hello', 'Hello to you')
      assert.deepEqual(
        sessions
          .list()
          .map(({ key }) => key)
          .sort(),
        ['agent:main:desk', 'agent:main:main', 'agent:main:openai-user:ann'],
      )
    } finally {
      mock.timers.reset()
    }
  })
})
