import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Principal } from 'openclaw/plugin'
import { bootTools, key, notAvailable, tool } from '../../support/tools.js'

const dangerous = ['sessions_spawn', 'sessions_send', 'cron', 'gateway', 'exec', 'write', 'message', 'run_anything']
const harmless = ['look', 'look_closer']
/** Open at the door, so that what is left is the principal. */
const { gateway, invoke } = await bootTools({
  list: [...dangerous.map((name) => tool(name)), ...harmless.map((name) => tool(name, { scope: 'operator.read' }))],
  door: { allow: ['sessions_spawn', 'sessions_send', 'cron', 'gateway'] },
})
after(() => gateway.close())
const all = [...dangerous, ...harmless, 'sessions_list', 'sessions_history', 'session_status', 'agents_list']

/** Tools that are there for a principal. */
async function there(principal: Principal): Promise<string[]> {
  const found: string[] = []
  for (const name of all) {
    const answer = await invoke({ tool: name, args: { sessionKey: 5 } }, principal)
    if (answer.status === 404 && answer.body.error.type === 'not_found') assert.deepEqual(answer, notAvailable(name))
    else found.push(name)
  }
  return found
}

describe('T-TOOL-01 a key has the tools that it names', () => {
  for (const [what, principal, expected] of [
    ['none by default', key(), []],
    ['none by default, whatever its scopes', key({ scopes: ['operator.admin'] }), []],
    ['none by default, with all scopes', key({ scopes: '*' }), []],
    ['none with an empty list', key({ only: { tools: [] } }), []],
    ['none with other restrictions alone', key({ only: { agents: ['main'] } }), []],
    ['by name', key({ only: { tools: ['look', 'exec'] } }), ['exec', 'look']],
    ['by name in any case', key({ only: { tools: [' LOOK '] } }), ['look']],
    ['a star stands for what changes nothing', key({ only: { tools: ['look*'] } }), ['look', 'look_closer']],
    [
      'a star never implies what runs, sends, spawns or configures',
      key({ scopes: '*', only: { tools: ['*', 'sess*', 'group:openclaw'] } }),
      [...harmless, 'sessions_list', 'sessions_history', 'session_status', 'agents_list'],
    ],
    ['no more than its scopes', key({ scopes: ['operator.read'], only: { tools: ['look', 'exec', 'cron'] } }), ['look']],
    ['a person has all', { kind: 'user', id: 'u', scopes: '*' }, all],
    ['a person with a list has that', { kind: 'user', id: 'u', scopes: '*', only: { tools: ['exec'] } }, ['exec']],
    ['a device has all', { kind: 'device', id: 'd', scopes: '*' }, all],
  ] as [string, Principal, string[]][])
    test(`T-TOOL-01 ${what}`, async () => assert.deepEqual(await there(principal), expected))

  test('T-TOOL-01 not for another agent than its own', async () => {
    const who = key({ only: { tools: ['look'], agents: ['main'] } })
    assert.equal((await invoke({ tool: 'look' }, who)).status, 200)
    assert.equal((await invoke({ tool: 'look', sessionKey: 'agent:main:other' }, who)).status, 200)
    for (const sessionKey of ['agent:helper:main', 'agent:nobody:main', 'AGENT:HELPER:x'])
      assert.deepEqual(await invoke({ tool: 'look', sessionKey }, who), notAvailable('look'))
  })

  test('T-TOOL-01 naming a tool gives it no more than the policy and the door do', async (t) => {
    const strict = await bootTools({ list: [tool('exec'), tool('cron')], tools: { deny: ['exec'] } })
    t.after(() => strict.gateway.close())
    const who = key({ scopes: '*', only: { tools: ['exec', 'cron', 'agents_list'] } })
    for (const name of ['exec', 'cron']) assert.deepEqual(await strict.invoke({ tool: name }, who), notAvailable(name))
    assert.equal((await strict.invoke({ tool: 'agents_list' }, who)).status, 200)
  })
})
