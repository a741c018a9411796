import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createDevice, type Wire } from '../../support/operator.js'
import { boot, type Booted, lengthy } from '../runs/boot.js'

describe('chat.abort', () => {
  let it: Booted
  before(async () => {
    it = await boot({ respond: () => lengthy })
  })
  after(() => it.close())
  let count = 0
  const begin = async (wire: Wire, sessionKey = `b${++count}`) => {
    const idempotencyKey = `b-${++count}`
    await wire.call('chat.send', { sessionKey, message: 'hi', idempotencyKey })
    return { sessionKey, runId: idempotencyKey }
  }
  const refused = async (wire: Wire, params: object) => (await wire.request('chat.abort', params)).error?.message

  test('ends every chat of a session, those that wait too', async () => {
    const one = await begin(it.wire)
    const two = await begin(it.wire, one.sessionKey)
    const answer = await it.wire.call('chat.abort', { sessionKey: one.sessionKey })
    assert.deepEqual(answer, { ok: true, aborted: true, runIds: [one.runId, two.runId] })
    assert.deepEqual(await it.wire.call('chat.abort', { sessionKey: one.sessionKey }), { ok: true, aborted: false, runIds: [] })
  })

  test('the event comes before the answer, with what was said', async () => {
    const { sessionKey, runId } = await begin(it.wire)
    await it.wire.event('agent', (payload) => payload.runId === runId && payload.stream === 'assistant')
    await it.wire.request('chat.abort', { sessionKey, runId }, { id: 'abort' })
    const at = it.wire.frames.findIndex(
      (frame: any) => frame.event === 'chat' && frame.payload.runId === runId && frame.payload.state === 'aborted',
    )
    assert.ok(at >= 0 && at < it.wire.frames.findIndex((frame: any) => frame.id === 'abort'))
    const { payload } = it.wire.frames[at] as any
    assert.equal(payload.stopReason, 'rpc')
    assert.match(payload.message.content[0].text, /^word/)
    assert.ok(!it.wire.frames.slice(at).some((frame: any) => frame.payload?.runId === runId && frame.payload.state === 'final'))
  })

  test('a run of another session, one that is over, and one of `agent`', async () => {
    const { sessionKey, runId } = await begin(it.wire)
    assert.equal(await refused(it.wire, { sessionKey: 'elsewhere', runId }), 'runId does not match sessionKey')
    await it.wire.call('chat.abort', { sessionKey, runId })
    assert.deepEqual(await it.wire.call('chat.abort', { sessionKey, runId }), { ok: true, aborted: false, runIds: [] })
    await it.wire.request('agent', { sessionKey, message: 'hi', idempotencyKey: 'of-agent' })
    assert.deepEqual(await it.wire.call('chat.abort', { sessionKey }), { ok: true, aborted: false, runIds: [] })
    assert.deepEqual(await it.wire.call('chat.abort', { sessionKey, runId: 'of-agent' }), { ok: true, aborted: false, runIds: [] })
    for (const run of it.runs.active()) run.abort('rpc')
  })

  test("without admin only one's own device's chats end, from any of its connections", async () => {
    const scopes = ['operator.write']
    const [mine, other] = [createDevice(), createDevice()]
    const writer = await it.another({ scopes, device: mine })
    const stranger = await it.another({ scopes, device: other })
    const { sessionKey, runId } = await begin(writer)
    assert.equal(await refused(stranger, { sessionKey, runId }), 'unauthorized')
    assert.equal(await refused(stranger, { sessionKey }), 'unauthorized')
    const theirs = await begin(stranger, sessionKey)
    assert.deepEqual((await stranger.call('chat.abort', { sessionKey })).runIds, [theirs.runId])
    const again = await it.another({ scopes, device: mine })
    assert.deepEqual((await again.call('chat.abort', { sessionKey, runId })).runIds, [runId])
    const left = await begin(writer)
    assert.deepEqual((await it.wire.call('chat.abort', { sessionKey: left.sessionKey })).runIds, [left.runId])
  })
})
