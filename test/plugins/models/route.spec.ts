import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ModelSelector } from '../../../plugins/contracts/models.js'
import { listedProvider } from '../../support/registry.js'
import { acme, local, open, refused, zeta } from './boot.js'

const agents = {
  defaults: {
    model: { primary: 'acme/big', fallbacks: ['zeta/only', 'acme/gone'] },
  },
  list: [{ id: 'main' }, { id: 'ops', model: { primary: 'zeta/only', fallbacks: [] }, models: { 'zeta/shared': { alias: 'Quick' } } }],
}
const chat = (selector: Omit<ModelSelector, 'kind'> = {}): ModelSelector => ({ ...selector, kind: 'chat' })
const unknown = (name: string) => `The model '${name}' does not exist or you do not have access to it.`

describe('routing: the matrix of names and headers', () => {
  // Columns: nothing, an agent header, a model header, both. Each "lane agent model", or "code param".
  const headers = [{}, { agent: 'OPS' }, { override: 'acme/small' }, { agent: 'ops', override: 'zeta/shared' }]
  const both = 'agent ops zeta/shared'
  const rows: Record<string, [model: unknown, ...outcomes: string[]]> = {
    absent: [undefined, 'agent main acme/big', 'agent ops zeta/only', 'agent main acme/small', both],
    null: [null, 'agent main acme/big', 'agent ops zeta/only', 'agent main acme/small', both],
    blank: ['  ', 'agent main acme/big', 'agent ops zeta/only', 'agent main acme/small', both],
    'alias of the default agent': ['OpenClaw', 'agent main acme/big', 'agent ops zeta/only', 'agent main acme/small', both],
    'alias of an agent': ['agent:OPS', 'agent ops zeta/only', 'agent ops zeta/only', 'model_not_allowed x-openclaw-model', both],
    'alias with a slash': ['openclaw/main', 'agent main acme/big', 'agent ops zeta/only', 'agent main acme/small', both],
    ref: ['zeta/shared', 'proxy main zeta/shared', 'agent ops zeta/shared', 'proxy main acme/small', both],
    bare: ['only', 'proxy main zeta/only', 'agent ops zeta/only', 'proxy main acme/small', both],
    unknown: ['acme/none', 'model_not_found model', 'model_not_found model', 'proxy main acme/small', both],
    'not allowed to ops': ['acme/big', 'proxy main acme/big', 'model_not_allowed model', 'proxy main acme/small', both],
    malformed: ['acme/', ...Array(4).fill('invalid_value model')],
    'a malformed alias': ['openclaw/a b', ...Array(4).fill('invalid_value model')],
    'an unknown agent': ['openclaw:ghost', 'agent_not_found model', 'agent ops zeta/only', 'agent_not_found model', both],
    'no string': [7, ...Array(4).fill('invalid_value model')],
  }
  for (const [what, [model, ...outcomes]] of Object.entries(rows)) {
    test(`${what} as model`, async (t) => {
      const { models } = await open(t, { agents })
      const seen = headers.map((header) => {
        try {
          const route = models().route(chat({ model, ...header }))
          return `${route.lane} ${route.agent} ${route.model.key}`
        } catch (error) {
          return `${(error as any).code} ${(error as any).param}`
        }
      })
      assert.deepEqual(seen, outcomes)
    })
  }
})

describe('routing: resolution', () => {
  test('T-API-02: a name that leads nowhere is never another model', async (t) => {
    const { models } = await open(t, { agents })
    for (const name of ['acme/BIG', 'Acme/big/', 'acme:big', 'big2', 'gpt', 'acme//big', 'other/big', 'acme/big ghost'])
      assert.deepEqual(
        refused(() => models().route(chat({ model: name }))),
        {
          code: 'model_not_found',
          param: 'model',
          message: unknown(name),
        },
      )
    for (const name of ['/big', 'acme/', '/', ' / big'])
      assert.equal(refused(() => models().route(chat({ model: name }))).code, 'invalid_value')
    assert.deepEqual(
      refused(() => models().route(chat({ override: 'nope' }))),
      {
        code: 'model_not_found',
        param: 'x-openclaw-model',
        message: unknown('nope'),
      },
    )
    assert.deepEqual(
      refused(() => models().route(chat({ override: 'nope/' }))),
      {
        code: 'invalid_value',
        param: 'x-openclaw-model',
        message: 'Invalid `x-openclaw-model`.',
      },
    )
    assert.deepEqual(
      refused(() => models().route(chat({ model: 'acme/big', agent: 'ops' }))),
      {
        code: 'model_not_allowed',
        param: 'model',
        message: "Model 'acme/big' is not allowed for agent 'ops'.",
      },
    )
  })

  const resolves = (what: string, model: string, key: string) =>
    test(`${what}: ${model}`, async (t) => {
      const { models } = await open(t, { agents, models: { aliases: { Deep: 'zeta/org/deep/model:1.2@x+y', gone: 'acme/gone' } } })
      const route = models().route(chat({ model }))
      assert.deepEqual([route.model.key, route.echo, route.lane], [key, model, 'proxy'])
    })
  resolves('the exact key', 'acme/big', 'acme/big')
  resolves('spaces around it', ' acme/big ', 'acme/big')
  resolves('the case of the provider does not matter', 'ACME/big', 'acme/big')
  resolves('slashes and signs stay in the id', 'zeta/org/deep/model:1.2@x+y', 'zeta/org/deep/model:1.2@x+y')
  resolves('an id that begins with its provider is its own key', 'acme/auto', 'acme/auto')
  resolves('the same with the provider once more', 'acme/acme/auto', 'acme/auto')
  resolves('an alias, whatever its case', 'dEEp', 'zeta/org/deep/model:1.2@x+y')
  resolves('a bare id of the default provider goes before the same id elsewhere', 'shared', 'acme/shared')
  resolves('a bare id that only one has', 'only', 'zeta/only')
  resolves('anything at a provider that takes any id', 'Local/new/one:7b', 'local/new/one:7b')

  test('aliases of the agent go before those of all, and only that agent has them', async (t) => {
    const { models } = await open(t, { agents, models: { aliases: { quick: 'acme/small' } } })
    assert.equal(models().route(chat({ model: 'quick' })).model.key, 'acme/small')
    assert.equal(models().route(chat({ model: 'QUICK', agent: 'ops' })).model.key, 'zeta/shared')
    assert.equal(models().route(chat({ override: 'quick', agent: 'ops' })).model.key, 'zeta/shared')
  })

  test('a bare id that several have is refused, and all are named', async (t) => {
    const { models } = await open(t, { agents: { defaults: { model: 'local/seen' } } })
    const error = refused(() => models().route(chat({ model: 'shared' })))
    assert.deepEqual([error.code, error.param], ['ambiguous_model', 'model'])
    assert.match(error.message, /acme\/shared, zeta\/shared/)
    const narrowed = await open(t, {
      agents: { defaults: { model: 'local/seen', models: { 'zeta/shared': {} } } },
    })
    assert.equal(narrowed.models().route(chat({ model: 'shared' })).model.key, 'zeta/shared')
  })

  test('ids that can’t be a model’s are not passed on to a provider that takes any', async (t) => {
    const { models } = await open(t)
    for (const id of ['a\nb', 'ü', 'x'.repeat(201)])
      assert.equal(refused(() => models().route(chat({ model: `local/${id}` }))).code, 'model_not_found')
  })

  test('agent:default is the default agent unless one is called so', async (t) => {
    const { models } = await open(t, { agents })
    for (const model of ['agent:default', 'openclaw:Default', 'openclaw/default'])
      assert.equal(models().route(chat({ model })).agent, 'main')
    const named = await open(t, { agents: { list: [{ id: 'main' }, { id: 'default' }] } })
    assert.equal(named.models().route(chat({ model: 'agent:default' })).agent, 'default')
    assert.equal(named.models().route(chat({ model: 'openclaw/default' })).agent, 'main')
  })

  test('a provider whose name only begins like ours is a provider', async (t) => {
    const { models } = await open(t, { providers: [listedProvider('openclaw-labs', ['m'])] })
    assert.equal(models().route(chat({ model: 'openclaw-labs/m' })).lane, 'proxy')
  })
})

describe('routing: lane, fallbacks, echo, kind', () => {
  test('a session key or an agent header makes a run of a model ref; blank ones do not', async (t) => {
    const { models } = await open(t, { agents })
    assert.equal(models().route(chat({ model: 'acme/big', session: 'agent:main:x' })).lane, 'agent')
    assert.equal(models().route(chat({ model: 'acme/big', agent: 'main' })).lane, 'agent')
    assert.equal(models().route(chat({ model: 'acme/big', agent: ' ', session: '' })).lane, 'proxy')
  })

  test('fallbacks only where the request names no model; those that lead nowhere are left out', async (t) => {
    const { models } = await open(t, { agents })
    const implicit = models().route(chat({ model: 'openclaw' }))
    assert.deepEqual(
      implicit.fallbacks.map(({ model }) => model.key),
      ['zeta/only'],
    )
    assert.equal(implicit.provider, acme)
    assert.deepEqual(models().route(chat({ model: 'acme/big' })).fallbacks, [])
    assert.deepEqual(models().route(chat({ model: 'openclaw', override: 'acme/big' })).fallbacks, [])
  })

  test('the echo is the name as sent, or the model’s key', async (t) => {
    const { models } = await open(t, { agents })
    assert.equal(models().route(chat({ model: ' OpenClaw ' })).echo, ' OpenClaw ')
    assert.equal(models().route(chat({ model: 'only', override: 'acme/big' })).echo, 'only')
    assert.equal(models().route(chat()).echo, 'acme/big')
    assert.equal(models().route(chat({ model: ' ' })).echo, 'acme/big')
  })

  test('without a configured primary: the first provider that can chat, by what it offers as default, else its first', async (t) => {
    const vectors = listedProvider('aaa', [{ id: 'v', kind: 'embedding' }])
    const first = await open(t, { providers: [vectors, zeta, { ...acme, defaultModel: 'small' }] })
    assert.equal(first.models().primary()?.key, 'zeta/shared')
    const offered = await open(t, { providers: [{ ...local, defaultModel: 'llama' }, acme] })
    assert.equal(offered.models().primary()?.key, 'local/llama')
    assert.equal(offered.models().route(chat()).model.id, 'llama')
    const narrowed = await open(t, {
      agents: { defaults: { models: { 'acme/small': {} } } },
      providers: [zeta, { ...acme, defaultModel: 'big' }],
    })
    assert.equal(narrowed.models().primary()?.key, 'acme/small')
    const none = await open(t, { providers: [vectors] })
    assert.equal(none.models().primary(), undefined)
    assert.match(refused(() => none.models().route(chat())).message, /No model is configured for agent 'main'/)
  })

  test('a configured primary that is not there is an error, unless a fallback is', async (t) => {
    const { models } = await open(t, { agents: { defaults: { model: 'acme/gone' } } })
    const error = refused(() => models().route(chat()))
    assert.equal(error.code, 'model_not_found')
    assert.match(error.message, /'acme\/gone' is configured but does not exist/)
    const rescued = await open(t, {
      agents: { defaults: { model: { primary: 'acme/gone', fallbacks: ['zeta/only'] } } },
    })
    assert.equal(rescued.models().route(chat()).model.key, 'zeta/only')
  })

  test('models go to the endpoint of their kind', async (t) => {
    const { models } = await open(t, { agents })
    assert.equal(models().route({ model: 'acme/vectors', kind: 'embedding' }).model.kind, 'embedding')
    const chatting = refused(() => models().route(chat({ model: 'acme/vectors' })))
    assert.deepEqual([chatting.code, chatting.param], ['unsupported_model_for_endpoint', 'model'])
    const embedding = refused(() => models().route({ model: 'acme/big', kind: 'embedding' }))
    assert.equal(embedding.code, 'unsupported_model_for_endpoint')
    assert.equal(models().route({ model: 'local/nomic', kind: 'embedding' }).model.kind, 'embedding')
  })

  test('embeddings need a model; an alias means the first that embeds', async (t) => {
    const { models } = await open(t, { agents })
    assert.deepEqual(
      refused(() => models().route({ kind: 'embedding' })),
      {
        code: 'missing_required_parameter',
        param: 'model',
        message: 'Missing `model`.',
      },
    )
    assert.equal(models().route({ model: 'openclaw', kind: 'embedding' }).model.key, 'acme/vectors')
    const none = await open(t, { providers: [zeta] })
    assert.equal(refused(() => none.models().route({ model: 'openclaw', kind: 'embedding' })).code, 'embeddings_unavailable')
  })
})
