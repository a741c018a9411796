import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Plugin } from 'openclaw'
import { definePlugin } from 'openclaw/plugin'
import agents from '../../../plugins/agents/index.js'
import channels from '../../../plugins/channels/index.js'
import { Health } from '../../../plugins/contracts/health.js'
import { SystemEvents } from '../../../plugins/contracts/runs.js'
import type { Session } from '../../../plugins/contracts/sessions.js'
import health from '../../../plugins/health/index.js'
import models from '../../../plugins/models/index.js'
import { account, channelPlugin } from '../../support/channel.js'
import { bootControl, type Control } from '../../support/control.js'
import { gatewaysOfSuite } from '../../support/gateways.js'
import { memorySessions, session } from '../../support/memory-sessions.js'
import { connectOperator } from '../../support/operator.js'
import { listedProvider, probe, providersPlugin } from '../../support/registry.js'

const asScopes = (control: Control, ...scopes: string[]) => connectOperator(control.url, { token: control.token, scopes })
const twoAgents = { plugin: agents, config: { list: [{ id: 'main', name: 'Main' }, { id: 'other' }] } }
const kept = [session('agent:main:main'), session('agent:other:main', { agent: 'other' })]
const silent = { enabled: false, every: '0m', everyMs: 0 }

describe('the method health', () => {
  const boot = gatewaysOfSuite()

  test('alone it has nothing to count and still answers', async () => {
    const seen = probe(Health)
    await boot({ plugins: [health, seen.plugin] })
    const { ts, durationMs, ...rest } = JSON.parse(seen.current.snapshot.json)
    assert.ok(Math.abs(Date.now() - ts) < 60_000 && Number.isInteger(durationMs))
    assert.deepEqual(rest, {
      ok: true,
      channels: {},
      channelOrder: [],
      channelLabels: {},
      heartbeatSeconds: 0,
      defaultAgentId: 'main',
      agents: [],
      sessions: { path: '', count: 0, recent: [] },
    })
  })

  test('tells of agents, sessions and channels', async () => {
    const pager = channelPlugin('pager', { accounts: () => [account('default', { name: 'Somebody', lastStartAt: 7 })] })
    const control = await bootControl({ plugins: [health, twoAgents, memorySessions(() => kept), channels, pager] })
    const client = await asScopes(control, 'operator.read')
    const { ts, durationMs: _, ...rest } = await client.call('health')
    const summary = { accountId: 'default', configured: true, running: true, lastStartAt: 7 }
    const heartbeat = { ...silent, prompt: '', target: 'none', ackMaxChars: 300 }
    const path = '/state/sessions.sqlite'
    const recent = (key: string) => [{ key, updatedAt: 2_000, age: ts - 2_000 }]
    assert.deepEqual(rest, {
      ok: true,
      channels: { pager: { ...summary, accounts: { default: summary } } },
      channelOrder: ['pager'],
      channelLabels: { pager: 'The pager' },
      heartbeatSeconds: 0,
      defaultAgentId: 'main',
      agents: [
        { agentId: 'main', name: 'Main', isDefault: true, heartbeat, sessions: { path, count: 1, recent: recent('agent:main:main') } },
        { agentId: 'other', isDefault: false, heartbeat, sessions: { path, count: 1, recent: recent('agent:other:main') } },
      ],
      sessions: { path, count: 1, recent: recent('agent:main:main') },
    })
  })

  test('T-SCOPE-09 without the read scope sessions are counted and not named, in the snapshot and the event too', async () => {
    const canary = session('agent:main:pager:dm:canary-7f3a9')
    const control = await bootControl({ plugins: [health, twoAgents, memorySessions(() => [canary])] })
    const nobody = await asScopes(control)
    assert.equal((await nobody.call('health')).sessions.count, 1)
    await control.reload({ plugins: [health, { ...twoAgents, config: {} }, memorySessions(() => [canary, canary])] })
    const { payload } = await nobody.event('health')
    assert.equal(payload.sessions.count, 2)
    const heard = JSON.stringify([nobody.hello, nobody.frames])
    assert.ok(!heard.includes('canary') && !heard.includes('sessions.sqlite'))
    const reader = await asScopes(control, 'operator.read')
    assert.equal((await reader.call('health')).sessions.recent[0].key, canary.key)
  })

  test('the event comes when something has changed, with a new version, and not otherwise', async () => {
    const more = (names: readonly string[]) => ({ plugins: [health, channels, ...names.map((name) => channelPlugin(name))] })
    const control = await bootControl(more([]))
    const client = await asScopes(control, 'operator.read')
    const before = client.hello.snapshot.stateVersion.health
    await control.reload(more(['pager']))
    const first = await client.event('health', ({ channelOrder }) => channelOrder.includes('pager'))
    await control.reload({ ...more(['pager']), methods: { unrelated: { scope: null, handler: () => null } } })
    await control.reload(more(['pager', 'horn']))
    const second = await client.event('health', ({ channelOrder }) => channelOrder.includes('horn'))
    assert.deepEqual([first.stateVersion?.health, second.stateVersion?.health], [before + 1, before + 2])
    const events = client.frames.filter((frame) => frame.type === 'event' && frame.event === 'health')
    assert.equal(events.length, 2)
  })

  test('what changes unasked is noticed within a minute', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let list = kept.slice(0, 1)
    const control = await bootControl({ plugins: [health, twoAgents, memorySessions(() => list)] })
    const client = await asScopes(control)
    t.mock.timers.tick(60_000)
    // What the first minute did has arrived once this is answered.
    await client.call('health')
    assert.ok(!client.frames.some((frame) => frame.type === 'event' && frame.event === 'health'))
    list = [...list, session('agent:main:new')]
    t.mock.timers.tick(60_000)
    const { payload } = await client.event('health')
    assert.equal(payload.sessions.count, 2)
  })

  test('asking often is answered from one look at the sessions, and tells nobody', async () => {
    let looks = 0
    const counted = memorySessions(() => {
      looks++
      return kept
    })
    const control = await bootControl({ plugins: [health, twoAgents, counted] })
    const [client, listener] = [await asScopes(control, 'operator.read'), await asScopes(control)]
    const before = looks
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.call('health')))
    const made = new Set(answers.map(({ ts }) => ts)).size
    assert.ok(made < 10, `${made} documents for 50 calls`)
    // Each counts and lists the two agents' sessions and the default one's.
    assert.ok(looks - before <= (made + 1) * 6, `${looks - before} looks for ${made} documents`)
    await listener.call('health')
    assert.deepEqual(
      listener.frames.filter((frame) => frame.type === 'event' && frame.event === 'health'),
      [],
    )
  })

  test('a probe asks the networks, only for those who may read', async () => {
    let asked = 0
    const pager = channelPlugin('pager', { probe: async () => ({ ok: ++asked > 0 }) })
    const control = await bootControl({ plugins: [health, channels, pager] })
    const nobody = await asScopes(control)
    assert.equal((await nobody.call('health', { probe: true })).channels.pager.probe, undefined)
    assert.equal(asked, 0)
    const reader = await asScopes(control, 'operator.read')
    const { channels: summaries } = await reader.call('health', { probe: true, whatever: 1 })
    assert.deepEqual([asked, summaries.pager.probe], [1, { ok: true }])
  })

  test('a store that cannot be read is reported, and the rest is told', async () => {
    const broken = memorySessions(() => {
      throw new Error('the disk is gone')
    })
    const control = await bootControl({ plugins: [health, twoAgents, broken] })
    const client = await asScopes(control, 'operator.read')
    const { agents: list, sessions } = await client.call('health')
    assert.deepEqual([list.length, sessions.count], [2, 0])
    const told = control.gateway.log.filter(({ from, message }) => from === 'health' && message.includes('the disk is gone'))
    assert.equal(told.length, 1)
    assert.deepEqual((await client.request('status')).error, { code: 'UNAVAILABLE', message: 'the disk is gone' })
    assert.equal(control.gateway.inspect().plugins.find(({ name }) => name === 'health')?.faults.total, 0)
  })
})

describe('the method status', () => {
  const events = definePlugin({
    api: 1,
    name: 'events',
    provides: [SystemEvents],
    apply: (kernel) => kernel.provide(SystemEvents, { add: () => undefined, list: () => ['Node: gone'] }),
  })
  const acme = listedProvider('acme', [{ id: 'big', contextWindow: 1_000 }])
  const busy = session('agent:main:main', {
    provider: 'acme',
    model: 'big',
    contextTokens: 250,
    abortedLastRun: true,
    settings: { thinkingLevel: 'high', verboseLevel: 'on' },
  })
  const boot = (list: readonly Session[], ...plugins: Plugin[]) =>
    bootControl({ plugins: [health, twoAgents, models, providersPlugin([acme]), memorySessions(() => list), events, ...plugins] })

  test('an administrator sees sessions with how full they are', async () => {
    const control = await boot([busy], channels, channelPlugin('pager'))
    const client = await asScopes(control, 'operator.admin')
    const { runtimeVersion, sessions, ...rest } = await client.call('status', { ignored: true })
    assert.equal(runtimeVersion, client.hello.server.version)
    assert.deepEqual(rest, {
      heartbeat: { defaultAgentId: 'main', agents: ['main', 'other'].map((agentId) => ({ agentId, ...silent })) },
      channelSummary: ['The pager: configured'],
      queuedSystemEvents: ['Node: gone'],
    })
    const { age, ...row } = sessions.recent[0]
    assert.ok(age > 0)
    assert.deepEqual(row, {
      agentId: 'main',
      key: 'agent:main:main',
      kind: 'direct',
      sessionId: busy.id,
      updatedAt: 2_000,
      systemSent: true,
      abortedLastRun: true,
      thinkingLevel: 'high',
      verboseLevel: 'on',
      inputTokens: 10,
      outputTokens: 5,
      cacheRead: 0,
      cacheWrite: 0,
      totalTokens: 250,
      totalTokensFresh: true,
      remainingTokens: 750,
      percentUsed: 25,
      model: 'big',
      contextTokens: 1_000,
      flags: ['think:high', 'verbose:on', 'aborted', `id:${busy.id}`],
    })
    const path = '/state/sessions.sqlite'
    assert.deepEqual([sessions.paths, sessions.count, sessions.defaults], [[path], 1, { model: 'big', contextTokens: 1_000 }])
    assert.deepEqual(
      sessions.byAgent.map(({ recent, ...each }: any) => [each, recent.length]),
      [
        [{ agentId: 'main', path, count: 1 }, 1],
        [{ agentId: 'other', path, count: 0 }, 0],
      ],
    )
  })

  test('T-SCOPE-09 a reader sees counts, and neither sessions nor paths', async () => {
    const control = await boot([busy])
    const client = await asScopes(control, 'operator.read')
    const { sessions } = await client.call('status')
    assert.deepEqual(sessions, {
      paths: [],
      count: 1,
      defaults: { model: null, contextTokens: null },
      recent: [],
      byAgent: [
        { agentId: 'main', path: '[redacted]', count: 1, recent: [] },
        { agentId: 'other', path: '[redacted]', count: 0, recent: [] },
      ],
    })
  })

  test('what nobody knows is null: an unused session and a model without a window', async () => {
    const control = await bootControl({ plugins: [health, memorySessions(() => [session('agent:main:x:group:1', { contextTokens: 0 })])] })
    const client = await asScopes(control, 'operator.admin')
    const [row] = (await client.call('status')).sessions.recent
    const { kind, totalTokens, totalTokensFresh, remainingTokens, percentUsed, model, contextTokens } = row
    assert.deepEqual(
      [kind, totalTokens, totalTokensFresh, remainingTokens, percentUsed, model, contextTokens],
      ['group', null, false, null, null, null, null],
    )
  })

  test('needs the read scope', async () => {
    const control = await bootControl({ plugins: [health] })
    const nobody = await asScopes(control)
    assert.equal((await nobody.request('status')).error?.message, 'missing scope: operator.read')
  })
})
