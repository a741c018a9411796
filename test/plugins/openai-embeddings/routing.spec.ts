import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listedProvider } from '../../support/registry.js'
import { boot, type Booted, jsonOf } from './boot.js'

describe('embeddings routing', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      agents: {
        defaults: { model: 'up/echo' },
        list: [{ id: 'main' }, { id: 'narrow', models: { 'up/echo': {} } }, { id: 'ops', models: { 'up/other-embedding': {} } }],
      },
      entry: { models: [{ id: 'echo' }, { id: 'text-embedding' }, { id: 'other-embedding' }] },
      providers: [listedProvider('old', ['text-embedding'], { embed: async () => ({ vectors: [] }) })],
    })
  })
  after(() => it.close())
  const ask = (model: unknown, headers: Record<string, string> = {}) => it.post({ model, input: 'x' }, { headers })

  for (const [model, headers, agent, resolved] of [
    ['up/text-embedding', {}, 'main', 'up/text-embedding'],
    ['UP/text-embedding', {}, 'main', 'up/text-embedding'],
    [' up/text-embedding ', {}, 'main', 'up/text-embedding'],
    ['text-embedding', {}, 'main', 'up/text-embedding'],
    ['vectors', {}, 'main', 'up/text-embedding'],
    ['openclaw', {}, 'main', 'up/text-embedding'],
    ['openclaw/default', {}, 'main', 'up/text-embedding'],
    ['agent:OPS', {}, 'ops', 'up/other-embedding'],
    ['openclaw/ops', {}, 'ops', 'up/other-embedding'],
    ['openclaw/main', { 'x-openclaw-agent-id': 'ops' }, 'ops', 'up/other-embedding'],
    ['openclaw', { 'x-openclaw-agent': 'ops' }, 'ops', 'up/other-embedding'],
    ['openclaw', { 'x-openclaw-model': 'up/other-embedding' }, 'main', 'up/other-embedding'],
    ['up/text-embedding', { 'x-openclaw-model': 'other-embedding' }, 'main', 'up/other-embedding'],
  ] as const)
    test(`"${model}" with ${JSON.stringify(headers)} is ${resolved} of ${agent}`, async () => {
      const response = await ask(model, headers)
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('x-openclaw-agent-id'), agent)
      assert.equal(response.headers.get('x-openclaw-resolved-model'), resolved)
      assert.equal((await jsonOf(response)).model, model)
      assert.equal(`up/${it.sent().at(-1).model}`, resolved)
    })

  for (const [what, model, headers, status, code, param] of [
    ['no model', undefined, {}, 400, 'missing_required_parameter', 'model'],
    ['a blank model', ' ', {}, 400, 'missing_required_parameter', 'model'],
    ['null', null, {}, 400, 'missing_required_parameter', 'model'],
    ['a number', 5, {}, 400, 'invalid_value', 'model'],
    ['half a name', 'up/', {}, 400, 'invalid_value', 'model'],
    ['an unknown model', 'up/nope', {}, 404, 'model_not_found', 'model'],
    ['an unknown bare id', 'nope', {}, 404, 'model_not_found', 'model'],
    ['a chat model', 'up/echo', {}, 400, 'unsupported_model_for_endpoint', 'model'],
    [
      'a chat model in the header',
      'openclaw',
      { 'x-openclaw-model': 'up/echo' },
      400,
      'unsupported_model_for_endpoint',
      'x-openclaw-model',
    ],
    ['an unknown model in the header', 'openclaw', { 'x-openclaw-model': 'up/nope' }, 404, 'model_not_found', 'x-openclaw-model'],
    ['half a name in the header', 'openclaw', { 'x-openclaw-model': 'nope/' }, 400, 'invalid_value', 'x-openclaw-model'],
    ['an unknown agent', 'openclaw/nobody', {}, 400, 'agent_not_found', 'model'],
    ['an unknown agent in the header', 'openclaw', { 'x-openclaw-agent-id': 'nobody' }, 400, 'agent_not_found', 'x-openclaw-agent-id'],
    ['a model that the agent may not use', 'up/text-embedding', { 'x-openclaw-agent': 'ops' }, 400, 'model_not_allowed', 'model'],
    ['an agent without one', 'openclaw/narrow', {}, 503, 'embeddings_unavailable', null],
  ] as const)
    test(`${what}: ${code}`, async () => {
      const response = await ask(model, headers)
      const { error } = await jsonOf(response)
      assert.deepEqual([response.status, error.code, error.param], [status, code, param])
    })

  test('the model is checked before the input, and both before anything is sent', async () => {
    const asked = it.sent().length
    assert.equal((await jsonOf(await it.post({ model: 'up/nope', input: 5 }))).error.code, 'model_not_found')
    assert.equal(it.sent().length, asked)
  })

  test('nothing that embeds is configured: 503 with the reason', async () => {
    const none = await boot({ entry: { models: [{ id: 'echo' }] } })
    const response = await none.post({ model: 'openclaw', input: 'x' })
    const error = { message: 'Embeddings provider unavailable.', type: 'api_error', param: null, code: 'embeddings_unavailable' }
    assert.deepEqual([response.status, await jsonOf(response)], [503, { error }])
    await none.close()
  })
})
