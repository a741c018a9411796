import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createDevice, type Wire } from '../../support/operator.js'
import { boot, type Booted, lengthy } from '../../plugins/runs/boot.js'

let it: Booted
before(async () => {
  it = await boot({ respond: () => lengthy })
})
after(() => it.close())

test('T-SCOPE-07 §5.3 without admin nobody ends the run of another device or connection, by its id, its session or a stop text', async () => {
  const scopes = ['operator.read', 'operator.write']
  const device = createDevice()
  const mine = await it.another({ scopes, device })
  const strangers = [
    await it.another({ scopes, device: createDevice() }),
    await it.another({ scopes: ['operator.write'], device: createDevice() }),
  ]
  const begin = async (wire: Wire, runId: string) =>
    void (await wire.call('chat.send', { sessionKey: 'own', message: 'hi', idempotencyKey: runId }))
  await begin(mine, 'mine')
  const active = () => [...it.runs.active()].map(({ runId }) => runId)
  for (const wire of strangers) {
    for (const params of [{ sessionKey: 'own', runId: 'mine' }, { sessionKey: 'own' }, { sessionKey: 'agent:main:own', runId: 'mine' }])
      assert.equal((await wire.request('chat.abort', params)).error?.message, 'unauthorized')
    const stop = await wire.request('chat.send', { sessionKey: 'own', message: 'stop', idempotencyKey: `stop-${wire.frames.length}` })
    assert.ok(!stop.ok || stop.payload.aborted !== true)
    assert.ok(active().includes('mine'))
  }
  const again = await it.another({ scopes, device })
  assert.deepEqual(
    (await again.call('chat.abort', { sessionKey: 'own', runId: 'mine' })).runIds,
    ['mine'],
    'its own device may, on any connection',
  )
  await begin(mine, 'second')
  assert.deepEqual((await it.wire.call('chat.abort', { sessionKey: 'own', runId: 'second' })).runIds, ['second'], 'and so may an admin')
})
