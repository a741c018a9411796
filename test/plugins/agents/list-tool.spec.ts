import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootTools, done, key } from '../../support/tools.js'

test('agents_list answers who there is, as far as the caller may use them', async (t) => {
  const { gateway, invoke } = await bootTools({
    agents: {
      list: [
        { id: 'Ops', name: 'Operations' },
        { id: 'main', default: true },
      ],
    },
  })
  t.after(() => gateway.close())
  const ops = { id: 'ops', name: 'Operations', default: false }
  const main = { id: 'main', default: true }
  assert.deepEqual(await invoke({ tool: 'agents_list' }), done({ requester: 'main', agents: [ops, main] }))
  const from = { tool: 'agents_list', sessionKey: 'agent:ops:main' }
  assert.deepEqual(await invoke(from), done({ requester: 'ops', agents: [ops, main] }))
  const who = key({ scopes: ['operator.read'], only: { tools: ['agents_list'], agents: ['o*'] } })
  assert.deepEqual(await invoke(from, who), done({ requester: 'ops', agents: [ops] }))
})
