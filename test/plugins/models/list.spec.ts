import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Model } from '../../../plugins/contracts/models.js'
import { listedProvider, providersPlugin } from '../../support/registry.js'
import { acme, local, open, refused, zeta } from './boot.js'

const keys = (list: readonly Model[]) => list.map(({ key }) => key)

describe('models: the list', () => {
  test('is flat, by provider, then in the order of the provider', async (t) => {
    const { models } = await open(t)
    assert.deepEqual(keys(models().list()), [
      'acme/big',
      'acme/small',
      'acme/shared',
      'acme/auto',
      'acme/vectors',
      'local/seen',
      'zeta/shared',
      'zeta/org/deep/model:1.2@x+y',
      'zeta/only',
    ])
  })

  test('is the same array until something changes', async (t) => {
    let current = [acme.models()[0] as Model]
    const provider = { ...acme, models: () => current }
    const { models } = await open(t, { providers: [provider] })
    const before = models().list()
    assert.equal(models().list(), before)
    assert.equal(models().list('main'), before)
    current = [...current, acme.models()[1] as Model]
    assert.deepEqual(keys(models().list()), ['acme/big', 'acme/small'])
    assert.equal(models().route({ model: 'acme/small', kind: 'chat' }).model.id, 'small')
  })

  test('follows a reload of the providers and of the agents', async (t) => {
    const { gateway, plugins, models } = await open(t)
    const [agents, registry, , seen] = plugins
    await gateway.reload({ plugins: [agents, registry, providersPlugin([zeta]), seen] as never })
    assert.deepEqual(keys(models().list()), ['zeta/shared', 'zeta/org/deep/model:1.2@x+y', 'zeta/only'])
    const narrowed = { ...(agents as object), config: { defaults: { models: { 'zeta/only': {} } } } }
    await gateway.reload({ plugins: [narrowed, registry, providersPlugin([zeta]), seen] as never })
    assert.deepEqual(keys(models().list()), ['zeta/only'])
  })

  test('of an agent with an allow-list holds that, its primary and its fallbacks, and ids that an open provider accepts', async (t) => {
    const { models } = await open(t, {
      agents: {
        defaults: { model: { primary: 'zeta/only', fallbacks: ['acme/small'] } },
        list: [{ id: 'all' }, { id: 'few', models: { shared: {}, 'acme/big': {}, 'local/new': {}, 'acme/gone': {}, 'ACME/vectors': {} } }],
      },
    })
    assert.equal(models().list('all').length, 9)
    // A bare id in the list belongs to the provider of the primary.
    assert.deepEqual(keys(models().list('few')), ['acme/big', 'acme/small', 'acme/vectors', 'local/new', 'zeta/shared', 'zeta/only'])
  })

  test('finds one by its id, the case of the provider aside, within the agent’s list', async (t) => {
    const { models } = await open(t, { agents: { list: [{ id: 'a' }, { id: 'b', models: { 'zeta/only': {} } }] } })
    assert.equal(models().find('acme/big')?.name, 'Big')
    assert.equal(models().find('ACME/big')?.key, 'acme/big')
    assert.equal(models().find('acme/BIG'), undefined)
    assert.equal(models().find('big'), undefined)
    assert.equal(models().find('local/unlisted'), undefined)
    assert.equal(models().find('acme/big', 'b'), undefined)
    assert.equal(models().find('zeta/only', 'B')?.key, 'zeta/only')
  })

  test('of an unknown agent is refused, and so is an id that can’t be one', async (t) => {
    const { models } = await open(t)
    const header = 'x-openclaw-agent-id'
    assert.deepEqual(
      refused(() => models().list('ghost')),
      {
        code: 'agent_not_found',
        param: header,
        message: "Unknown agent 'ghost'.",
      },
    )
    const invalid = refused(() => models().list('a b'))
    assert.deepEqual([invalid.code, invalid.param], ['invalid_value', header])
    assert.equal(models().list(' '), models().list())
  })

  test('every id of it routes, and a foreign one does not', async (t) => {
    const { models } = await open(t, {
      agents: { list: [{ id: 'a' }, { id: 'b', models: { 'acme/big': {}, 'acme/vectors': {}, 'local/x': {} } }] },
    })
    for (const agent of ['a', 'b'])
      for (const model of models().list(agent))
        assert.equal(models().route({ model: model.key, agent, kind: model.kind }).model.key, model.key)
    const foreign = models()
      .list('a')
      .filter(({ key }) => !keys(models().list('b')).includes(key))
    assert.equal(foreign.length, 7)
    for (const model of foreign)
      assert.equal(refused(() => models().route({ model: model.key, agent: 'b', kind: model.kind })).code, 'model_not_allowed')
  })

  test('without the plugin agents there is one agent, main, who may use everything', async (t) => {
    const { models } = await open(t, { agents: null })
    assert.equal(models().list('main').length, 9)
    assert.equal(models().route({ kind: 'chat' }).agent, 'main')
    assert.equal(refused(() => models().list('ops')).code, 'agent_not_found')
  })
})

describe('models: provider names', () => {
  const nameless = (name: string) => listedProvider(name, ['m'])
  for (const [what, providers, problem] of [
    ['openclaw', [nameless('OpenClaw')], /"OpenClaw".*reserved/],
    ['the same in another case', [acme, nameless('ACME')], /"ACME".*twice/],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const { gateway, plugins } = await open(t, { providers: [local] })
      const next = [plugins[0], { ...(plugins[1] as object), config: { mode: 'replace' } }, providersPlugin(providers), plugins[3]]
      await assert.rejects(gateway.reload({ plugins: next as never }), problem)
      assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'models')?.state, 'active')
    })
  }
})
