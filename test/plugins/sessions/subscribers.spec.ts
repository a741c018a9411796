import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { createSubscribers } from '../../../plugins/sessions/subscribers.js'

test('a connection that closes is forgotten, and one that is closed is not taken', () => {
  const subscribers = createSubscribers()
  const connection = new Canceller()
  subscribers.watchAll('c1', true, connection)
  subscribers.watch('c1', 'agent:main:a', true, connection)
  subscribers.watch('c2', 'agent:main:a', true, new Canceller())
  assert.deepEqual(subscribers.ofChanges(), new Set(['c1']))
  assert.deepEqual(subscribers.ofMessages('agent:main:a'), new Set(['c1', 'c2']))
  assert.deepEqual(subscribers.ofMessages('agent:main:b'), new Set(['c1']))
  connection.abort(new Error('closed'))
  assert.equal(subscribers.ofChanges(), undefined)
  assert.deepEqual(subscribers.ofMessages('agent:main:a'), new Set(['c2']))
  assert.equal(subscribers.ofMessages('agent:main:b'), undefined)
  subscribers.watchAll('c1', true, connection)
  subscribers.watch('c1', 'agent:main:a', true, connection)
  assert.equal(subscribers.ofChanges(), undefined)
})
