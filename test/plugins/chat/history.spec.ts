import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Message } from '../../../plugins/contracts/sessions.js'
import { boot, type Booted } from '../runs/boot.js'

const user = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }], timestamp: 1 })
const image: Message = { role: 'user', content: [{ type: 'image', data: 'A'.repeat(400_000), mimeType: 'image/png' }], timestamp: 1 }

describe('chat.history', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())
  const fill = async (session: string, messages: readonly Message[]) => {
    const begun = await it.sessions.begin({ runId: session, session, agent: 'main', origin: 'chat', messages })
    if ('session' in begun)
      await it.sessions.finish({ runId: session, sessionKey: begun.session.key, sessionId: begun.session.id, status: 'ok', messages: [] })
  }
  const history = (sessionKey: string, more: object = {}) => it.wire.call('chat.history', { sessionKey, ...more })

  test('of a session that is not there', async () => {
    assert.deepEqual(await history('nobody'), { sessionKey: 'nobody', thinkingLevel: 'off', messages: [] })
  })

  test('messages are where and what they are, under the key as it was sent', async () => {
    await it.wire.call('agent', { sessionKey: 'h', message: 'hello', idempotencyKey: 'h' }, { final: true })
    await it.sessions.patch('h', { thinkingLevel: 'low', fastMode: true, verboseLevel: 'on' })
    const { messages, ...head } = await history('h')
    const session = it.sessions.get('h')
    assert.deepEqual(head, { sessionKey: 'h', sessionId: session?.id, thinkingLevel: 'low', fastMode: true, verboseLevel: 'on' })
    const [said, answer] = messages
    assert.deepEqual([said.role, said.content, said.__openclaw.seq], ['user', [{ type: 'text', text: 'hello' }], 1])
    assert.match(said.__openclaw.id, /^[0-9a-f]{8}$/)
    assert.deepEqual([answer.role, answer.provider, answer.model, answer.stopReason], ['assistant', 'up', 'echo', 'stop'])
    assert.deepEqual(Object.keys(answer.usage), ['input', 'output', 'cacheRead', 'cacheWrite', 'totalTokens', 'cost'])
  })

  test('200 of them, or as many as were asked for: the newest, oldest first', async () => {
    await fill(
      'many',
      Array.from({ length: 1_005 }, (_, i) => user(`m${i + 1}`)),
    )
    const texts = async (more?: object) => (await history('many', more)).messages.map(({ content }: any) => content[0].text)
    const usual = await texts()
    assert.deepEqual([usual.length, usual[0], usual.at(-1)], [200, 'm806', 'm1005'])
    assert.equal((await texts({ limit: 1_000 })).length, 1_000)
    assert.deepEqual(await texts({ limit: 2 }), ['m1004', 'm1005'])
    const { error } = await it.wire.request('chat.history', { sessionKey: 'many', limit: 1_001 })
    assert.equal(error?.message, 'invalid chat.history params: at /limit: must be <= 1000')
  })

  test('long text is cut, large messages and pictures are told of', async () => {
    const large: Message = {
      role: 'user',
      content: Array.from({ length: 20 }, () => ({ type: 'text' as const, text: 'y'.repeat(12_000) })),
      timestamp: 1,
    }
    await fill('large', [user('x'.repeat(12_001)), large, image])
    const [long, replaced, picture] = (await history('large')).messages
    assert.equal(long.content[0].text, `${'x'.repeat(12_000)}\n...(truncated)...`)
    assert.deepEqual(replaced.content, [{ type: 'text', text: '[This message is too large to be shown.]' }])
    assert.deepEqual(picture.content, [{ type: 'image', mimeType: 'image/png', omitted: true, bytes: 300_000 }])
  })

  test('no more than 6 MiB, of which the newest are kept', async () => {
    const block = { type: 'text' as const, text: 'z'.repeat(12_000) }
    await fill(
      'heavy',
      Array.from({ length: 100 }, (_, i) => ({
        role: 'user' as const,
        content: [{ type: 'text' as const, text: `${i}` }, ...Array.from({ length: 10 }, () => block)],
        timestamp: 1,
      })),
    )
    const { messages } = await history('heavy')
    const bytes = JSON.stringify(messages).length
    assert.ok(bytes <= 6_291_456 && bytes > 6_000_000)
    assert.equal(messages.at(-1).content[0].text, '99')
  })
})
