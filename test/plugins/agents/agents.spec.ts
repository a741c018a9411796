import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import type { Config } from '../../../plugins/agents/schema.js'
import { Agents } from '../../../plugins/contracts/agents.js'
import { probe } from '../../support/registry.js'

async function open(config: unknown) {
  const seen = probe(Agents)
  const gateway = await createTestGateway({ plugins: [{ plugin: agents, config: config as Config }, seen.plugin] })
  return { gateway, seen, state: gateway.inspect().plugins.find(({ name }) => name === 'agents') }
}

describe('agents: who there is', () => {
  test('without a list there is one agent, main, with the defaults', async (t) => {
    const { gateway, seen } = await open({ defaults: { model: 'a/m', models: { 'a/m': { alias: 'fast' } } } })
    t.after(() => gateway.close())
    assert.deepEqual(seen.current.list(), [
      {
        id: 'main',
        default: true,
        primary: 'a/m',
        fallbacks: [],
        models: new Map([['a/m', { alias: 'fast' }]]),
        identity: {},
        timeoutMs: 600_000,
      },
    ])
    assert.equal(seen.current.default, seen.current.get('main'))
  })

  test('an empty configuration is enough', async (t) => {
    const { gateway, seen } = await open({})
    t.after(() => gateway.close())
    assert.deepEqual(seen.current.default, { id: 'main', default: true, fallbacks: [], identity: {}, timeoutMs: 600_000 })
    assert.equal(seen.current.maxConcurrent, 64)
  })

  test('the first entry is the default unless another says so', async (t) => {
    const { gateway, seen } = await open({ list: [{ id: 'a' }, { id: 'b' }] })
    t.after(() => gateway.close())
    assert.equal(seen.current.default.id, 'a')
    const other = await open({ list: [{ id: 'a' }, { id: 'b', default: true }] })
    t.after(() => other.gateway.close())
    assert.equal(other.seen.current.default.id, 'b')
    assert.deepEqual(
      other.seen.current.list().map((agent) => agent.default),
      [false, true],
    )
  })

  test('ids are the same in upper and lower case', async (t) => {
    const { gateway, seen } = await open({ list: [{ id: 'Ops' }] })
    t.after(() => gateway.close())
    assert.equal(seen.current.get('OPS')?.id, 'ops')
    assert.equal(seen.current.get('nobody'), undefined)
  })

  test('a model of its own keeps the default fallbacks, fallbacks of its own replace them', async (t) => {
    const { gateway, seen } = await open({
      defaults: { model: { primary: 'a/m', fallbacks: ['a/n'] } },
      list: [
        { id: 'plain' },
        { id: 'own', model: 'b/m' },
        { id: 'alone', model: { primary: 'b/m', fallbacks: [] } },
        { id: 'second', model: { fallbacks: ['b/n'] } },
      ],
    })
    t.after(() => gateway.close())
    const models = seen.current.list().map(({ id, primary, fallbacks }) => [id, primary, ...fallbacks])
    assert.deepEqual(models, [
      ['plain', 'a/m', 'a/n'],
      ['own', 'b/m', 'a/n'],
      ['alone', 'b/m'],
      ['second', 'a/m', 'b/n'],
    ])
  })

  test("an agent's models replace the default ones", async (t) => {
    const { gateway, seen } = await open({
      defaults: { models: { 'a/m': {} } },
      list: [{ id: 'a' }, { id: 'b', models: { 'b/m': {} } }, { id: 'c', models: {} }],
    })
    t.after(() => gateway.close())
    const allowed = seen.current.list().map(({ models }) => models && [...models.keys()])
    assert.deepEqual(allowed, [['a/m'], ['b/m'], undefined])
  })

  for (const [what, config, path] of [
    ['the same id twice, whatever its case', { list: [{ id: 'ops' }, { id: 'x' }, { id: 'OPS' }] }, 'agents.list.2.id'],
    ['an id with a slash', { list: [{ id: 'a/b' }] }, 'agents.list.0.id'],
    ['an entry without id', { list: [{ name: 'a' }] }, 'agents.list.0.id'],
    ['a key that it does not have', { defaults: { sandbox: {} } }, 'agents.defaults'],
  ] as const) {
    test(`refuses ${what}, with the path`, async (t) => {
      const { gateway, state } = await open(config)
      t.after(() => gateway.close())
      assert.equal(state?.state, 'off')
      await assert.rejects(gateway.reload({ plugins: [{ plugin: agents, config: config as unknown as Config }] }), (error: any) => {
        assert.equal(error.code, 'invalid_config')
        assert.equal(error.issues[0].path, path)
        return true
      })
    })
  }
})
