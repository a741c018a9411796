import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import ws from '../../../plugins/ws-protocol/index.js'
import { connectOperator } from '../../support/operator.js'
import { wholeTurn } from '../../support/turns.js'
import { bootTools, tool, toolsPlugin } from '../../support/tools.js'

const external = toolsPlugin([tool('orders_find', { description: 'Find orders. By number or name.' }), tool('canvas')], 'shop')
const { gateway, sessions } = await bootTools({
  tools: { profile: 'messaging', alsoAllow: ['orders_find'] },
  agents: { list: [{ id: 'main' }, { id: 'helper', tools: { profile: 'minimal' } }] },
  list: [tool('exec')],
  plugins: [{ plugin: external, origin: 'external' }, ws],
})
await wholeTurn(sessions, 'one', 'Hello', 'Hi')
await wholeTurn(sessions, 'two', 'Hello', 'Hi', 'agent:helper:main')
const wire = await connectOperator(gateway.url, { token: gateway.token })
after(async () => {
  await wire.close()
  await gateway.close()
})
const errorOf = async (method: string, params: unknown) => {
  const { ok, error } = await wire.request(method, params)
  assert.equal(ok, false)
  return `${error?.code}: ${error?.message}`
}

describe('tools.catalog', () => {
  test('lists every tool by area, and plugins by themselves', async () => {
    const { agentId, profiles, groups } = await wire.call('tools.catalog', {})
    assert.equal(agentId, 'main')
    assert.deepEqual(profiles, [
      { id: 'minimal', label: 'Minimal' },
      { id: 'coding', label: 'Coding' },
      { id: 'messaging', label: 'Messaging' },
      { id: 'full', label: 'Full' },
    ])
    assert.deepEqual(
      groups.map(({ id, source, pluginId, tools }: any) => [id, source, pluginId, tools.map((each: any) => each.id)]),
      [
        ['runtime', 'core', undefined, ['exec']],
        ['sessions', 'core', undefined, ['sessions_list', 'sessions_history', 'session_status']],
        ['agents', 'core', undefined, ['agents_list']],
        ['plugin:shop', 'plugin', 'shop', ['orders_find', 'canvas']],
      ],
    )
    assert.deepEqual(groups.at(-1).tools[0], {
      id: 'orders_find',
      label: 'orders_find',
      description: 'Find orders.',
      source: 'plugin',
      pluginId: 'shop',
      defaultProfiles: [],
    })
    const status = groups[1].tools.find(({ id }: any) => id === 'session_status')
    assert.deepEqual([status.source, status.defaultProfiles], ['core', ['minimal', 'coding', 'messaging', 'full']])
  })

  test('of an agent, and without plugins', async () => {
    const { agentId, groups } = await wire.call('tools.catalog', { agentId: 'HELPER', includePlugins: false })
    assert.equal(agentId, 'helper')
    assert.equal(
      groups.some(({ source }: any) => source === 'plugin'),
      false,
    )
    assert.equal(await errorOf('tools.catalog', { agentId: 'nobody' }), 'INVALID_REQUEST: unknown agent id "nobody"')
    assert.match(await errorOf('tools.catalog', { more: 1 }), /^INVALID_REQUEST: invalid tools\.catalog params: /)
  })
})

describe('tools.effective', () => {
  test('what the policy leaves to a session', async () => {
    const { agentId, profile, groups } = await wire.call('tools.effective', { sessionKey: 'main' })
    assert.deepEqual([agentId, profile], ['main', 'messaging'])
    assert.deepEqual(
      groups.map(({ id, label, source, tools }: any) => [id, label, source, tools.map((each: any) => each.id)]),
      [
        ['core', 'Built-in tools', 'core', ['sessions_list', 'sessions_history', 'session_status']],
        ['plugin', 'Plugin tools', 'plugin', ['orders_find']],
      ],
    )
    assert.deepEqual(groups[1].tools[0], {
      id: 'orders_find',
      label: 'orders_find',
      description: 'Find orders.',
      rawDescription: 'Find orders. By number or name.',
      source: 'plugin',
      pluginId: 'shop',
    })
  })

  test('goes by the agent of the session', async () => {
    const { agentId, profile, groups } = await wire.call('tools.effective', { sessionKey: 'agent:helper:main', agentId: 'Helper' })
    assert.deepEqual([agentId, profile], ['helper', 'minimal'])
    assert.deepEqual(
      groups.flatMap(({ tools }: any) => tools.map(({ id }: any) => id)),
      ['session_status'],
    )
  })

  test('a session must exist, and be of that agent', async () => {
    assert.equal(await errorOf('tools.effective', { sessionKey: 'nowhere' }), 'INVALID_REQUEST: unknown session key "nowhere"')
    assert.equal(
      await errorOf('tools.effective', { sessionKey: 'main', agentId: 'helper' }),
      'INVALID_REQUEST: agent id "helper" does not match session agent "main"',
    )
    assert.match(await errorOf('tools.effective', {}), /^INVALID_REQUEST: invalid tools\.effective params: /)
  })

  test('needs operator.read, and no more', async () => {
    const reader = await connectOperator(gateway.url, { token: gateway.token, scopes: ['operator.read'] })
    assert.equal((await reader.call('tools.effective', { sessionKey: 'main' })).groups.length, 2)
    await reader.close()
    const none = await connectOperator(gateway.url, { token: gateway.token, scopes: ['operator.approvals'] })
    assert.match(String((await none.request('tools.catalog', {})).error?.message), /missing scope: operator\.read/)
    await none.close()
  })
})
