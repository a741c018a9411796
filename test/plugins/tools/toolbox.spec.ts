import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { createTestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { type ToolInvocation, Toolbox, Tools } from '../../../plugins/contracts/tools.js'
import models from '../../../plugins/models/index.js'
import tools from '../../../plugins/tools/index.js'
import { listedProvider, probe, providersPlugin } from '../../support/registry.js'
import { bootTools, done, key, notAvailable, tool, toolsPlugin } from '../../support/tools.js'

const call = (name: string, more: Partial<ToolInvocation> = {}): ToolInvocation => ({
  name,
  args: {},
  principal: { kind: 'operator', id: 'operator', scopes: '*' },
  agent: 'main',
  session: 'agent:main:main',
  callId: 'call-1',
  requestId: 'request-1',
  cancellation: new Canceller(),
  ...more,
})

describe('toolbox', () => {
  test('works without agents, models and sessions', async (t) => {
    const seen = probe(Toolbox)
    const gateway = await createTestGateway({ plugins: [tools, toolsPlugin([tool('one'), tool('two')]), seen.plugin] })
    t.after(() => gateway.close())
    const names = (more: Partial<ToolInvocation> = {}) => seen.current.list(call('', more)).map(({ name }) => name)
    assert.deepEqual(names(), ['one', 'two'])
    assert.deepEqual(names({ denied: new Set(['one']) }), ['two'])
    assert.deepEqual(names({ principal: key() }), [])
    assert.deepEqual(names({ principal: { kind: 'user', id: 'u', scopes: ['operator.read'] } }), [])
    const { result, json } = await seen.current.invoke(call('ONE'))
    assert.deepEqual(JSON.parse(json), result)
    await assert.rejects(seen.current.invoke(call('two', { denied: new Set(['two']) })), { code: 'tool_not_available' })
  })

  test('whoever gave up before it began gets the reason', async (t) => {
    const seen = probe(Toolbox)
    let ran = false
    const one = tool('one', {
      run() {
        ran = true
        return { content: [] }
      },
    })
    const gateway = await createTestGateway({ plugins: [tools, toolsPlugin([one]), seen.plugin] })
    t.after(() => gateway.close())
    const canceller = new Canceller()
    canceller.abort(new Error('never mind'))
    await assert.rejects(seen.current.invoke(call('one', { cancellation: canceller })), /never mind/)
    assert.equal(ran, false)
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'fixture-tools')?.faults.total, 0)
  })

  test('the arguments that a tool gets are its own copy', async (t) => {
    const seen = probe(Toolbox)
    const changes = tool('changes', {
      parameters: { type: 'object', additionalProperties: false, properties: { list: { type: 'array' } } },
      run(args) {
        args['list'].push('changed')
        return { content: [] }
      },
    })
    const gateway = await createTestGateway({ plugins: [tools, toolsPlugin([changes]), seen.plugin] })
    t.after(() => gateway.close())
    const args = { list: [] }
    await seen.current.invoke(call('changes', { args }))
    assert.deepEqual(args, { list: [] })
  })

  test('a name that models cannot write, and one that is taken in another case, are refused', async (t) => {
    const gateway = await createTestGateway({ plugins: [tools] })
    t.after(() => gateway.close())
    for (const name of ['', 'two words', 'x'.repeat(65), 'ä'])
      await assert.rejects(gateway.reload({ plugins: [tools, toolsPlugin([tool(name)])] }), /a name has 1 to 64 letters/)
    await assert.rejects(
      gateway.reload({ plugins: [tools, toolsPlugin([tool('Same')], 'a'), toolsPlugin([tool('same')], 'b')] }),
      (error: Error) => {
        assert.match(error.message, /tools already has "same" from plugin "a"; plugin "b" adds it again/)
        return true
      },
    )
  })

  test('rows do nothing where the plugin "tools" is off', async (t) => {
    const gateway = await createTestGateway({ plugins: [agents, toolsPlugin([tool('one')])] })
    t.after(() => gateway.close())
    assert.deepEqual(
      gateway.inspect().plugins.map(({ state }) => state),
      ['active', 'active', 'active', 'active'],
    )
  })
})

describe('toolbox: the policy of an agent and of its model', () => {
  const up = providersPlugin([listedProvider('up', ['one', 'two']), listedProvider('down', ['three'])])
  const boot = (byProvider: Record<string, { deny: string[] }>) =>
    bootTools({
      list: [tool('exec'), tool('read')],
      tools: { byProvider },
      agents: {
        list: [
          { id: 'main', model: 'up/one' },
          { id: 'helper', model: 'down/three', tools: { allow: ['read'] } },
        ],
      },
      plugins: [models, up],
    })

  test('an agent has what its tools allow', async (t) => {
    const { gateway, invoke } = await boot({})
    t.after(() => gateway.close())
    assert.deepEqual(await invoke({ tool: 'exec' }), done({}))
    assert.deepEqual(await invoke({ tool: 'exec', sessionKey: 'agent:helper:main' }), notAvailable('exec'))
    assert.deepEqual(await invoke({ tool: 'read', sessionKey: 'agent:helper:main' }), done({}))
  })

  test('byProvider goes by the model of the session, else of the agent', async (t) => {
    const { gateway, invoke, sessions } = await boot({ up: { deny: ['exec'] }, 'up/two': { deny: ['read'] } })
    t.after(() => gateway.close())
    assert.deepEqual(await invoke({ tool: 'exec' }), notAvailable('exec'))
    assert.deepEqual(await invoke({ tool: 'read' }), done({}))
    await sessions.patch('chosen', { model: 'up/two' })
    assert.deepEqual(await invoke({ tool: 'exec', sessionKey: 'chosen' }), done({}))
    assert.deepEqual(await invoke({ tool: 'read', sessionKey: 'chosen' }), notAvailable('read'))
    assert.deepEqual(await invoke({ tool: 'read', sessionKey: 'agent:helper:main' }), done({}))
  })

  test('a sub-agent’s key brings its policy, and a client can narrow itself by it', async (t) => {
    const { gateway, invoke } = await boot({})
    t.after(() => gateway.close())
    assert.equal((await invoke({ tool: 'agents_list' })).status, 200)
    assert.deepEqual(await invoke({ tool: 'agents_list', sessionKey: 'agent:main:subagent:7' }), notAvailable('agents_list'))
  })
})

test('a plugin that only adds a tool needs nothing else', async (t) => {
  const only = definePlugin({
    api: 1,
    name: 'only',
    apply: (kernel) => kernel.surface(Tools).tap((table) => table.add(tool('one'))),
  })
  const { gateway, invoke } = await bootTools({ plugins: [only] })
  t.after(() => gateway.close())
  assert.deepEqual(await invoke({ tool: 'one' }), done({}))
})
