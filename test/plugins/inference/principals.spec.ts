import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Principal } from 'openclaw/plugin'
import { Models } from '../../../plugins/contracts/models.js'
import { probe } from '../../support/registry.js'
import { boot, type Booted, jsonOf } from './boot.js'

const key = (id: string, only: Principal['only']): Principal => ({
  kind: 'key',
  id,
  scopes: ['operator.read', 'operator.write'],
  ...(only && { only }),
})
const keys = {
  'sk-acme': key('acme', { models: ['acme/*'] }),
  'sk-one': key('one', { models: ['Acme/small', 'zeta/vectors-embed'], agents: ['ops'] }),
  'sk-ops': key('ops', { agents: ['nobody', 'op*'] }),
  'sk-none': key('none', { agents: ['nobody'] }),
  'sk-local': key('local', { models: ['local/open*'] }),
}

describe('principals that may use some models and agents only', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      keys,
      providers: {
        acme: { models: [{ id: 'big' }, { id: 'small' }, { id: 'down' }] },
        zeta: { models: [{ id: 'only' }, { id: 'small' }, { id: 'vectors-embed' }] },
        local: { models: [{ id: 'seen' }], anyModel: true },
      },
      agents: {
        defaults: {
          models: { 'zeta/only': { alias: 'deep' }, 'acme/big': {}, 'acme/small': {}, 'local/open-1': {}, 'zeta/vectors-embed': {} },
        },
        list: [
          { id: 'main', model: { primary: 'acme/down', fallbacks: ['zeta/only', 'acme/big'] } },
          { id: 'ops', model: 'acme/small' },
          { id: 'other', model: 'zeta/only' },
        ],
      },
      respond: ({ body }) => (body.model === 'down' ? { status: 503 } : undefined),
    })
  })
  after(() => it.close())
  beforeEach(() => void (it.upstream.requests.length = 0))

  const as = (credential: string) => ({ authorization: `Bearer ${credential}` })
  const get = async (path: string, headers: Record<string, string>) => {
    const response = await it.gateway.fetch(path, { headers })
    return { status: response.status, body: await jsonOf(response) }
  }
  const list = async (credential: string, more: Record<string, string> = {}) =>
    (await get('/v1/models', { ...as(credential), ...more })).body.data.map(({ id }: { id: string }) => id)
  const post = async (credential: string, body: object, headers: Record<string, string> = {}) => {
    const response = await it.chat(body, { ...as(credential), ...headers })
    return { status: response.status, headers: response.headers, body: await jsonOf(response) }
  }
  /** The same text whatever does not exist. */
  const without = (name: string, body: unknown) => JSON.stringify(body).replaceAll(name, '<name>')

  test('the list has what the agent and the key allow', async () => {
    assert.deepEqual(await list('sk-acme'), ['acme/big', 'acme/small', 'acme/down'])
    assert.deepEqual(await list('sk-one'), ['acme/small', 'zeta/vectors-embed'])
    assert.deepEqual(await list('sk-local'), ['local/open-1'])
    assert.deepEqual(await list('sk-ops'), ['acme/big', 'acme/small', 'local/open-1', 'zeta/only', 'zeta/vectors-embed'])
    assert.equal((await it.gateway.fetch('/v1/models').then(jsonOf)).data.length, 6)
  })

  test('T-API-02 what a key may not use, what the agent may not use, and what is not there are the same 404', async () => {
    const missing = await post('sk-acme', { model: 'acme/nothing' })
    assert.deepEqual([missing.status, missing.body.error.code, missing.body.error.param], [404, 'model_not_found', 'model'])
    for (const model of ['zeta/only', 'deep', 'only', 'ZETA/only', 'local/any', 'local/open-1', 'zeta/vectors-embed']) {
      const { status, body } = await post('sk-acme', { model })
      assert.deepEqual([status, without(model, body)], [404, without('acme/nothing', missing.body)], model)
    }
    const byHeader = await post('sk-acme', {}, { 'x-openclaw-model': 'zeta/only' })
    assert.deepEqual([byHeader.status, byHeader.body.error.code, byHeader.body.error.param], [404, 'model_not_found', 'x-openclaw-model'])
    // Within the key's list, but not in the agent's.
    const refused = await post('sk-local', { model: 'local/open-2' })
    assert.deepEqual([refused.status, without('local/open-2', refused.body)], [404, without('acme/nothing', missing.body)])
    assert.equal(it.asked().length, 0)
    const operator = await it.chat({ model: 'local/open-2' })
    assert.deepEqual([operator.status, (await jsonOf(operator)).error.code], [400, 'model_not_allowed'])
  })

  test('a name that means one of several means the one that the key may use', async () => {
    const { status, headers } = await post('sk-one', { model: 'small' })
    assert.deepEqual([status, headers.get('x-openclaw-resolved-model')], [200, 'acme/small'])
    assert.equal((await post('sk-local', { model: 'local/open-1' })).status, 200)
  })

  test('T-API-02 fallbacks stay inside the list of the key', async () => {
    const { status, headers } = await post('sk-acme', {})
    assert.deepEqual([status, headers.get('x-openclaw-resolved-model')], [200, 'acme/big'])
    assert.equal(headers.get('x-openclaw-tried'), 'acme/down, acme/big')
    assert.deepEqual(it.asked(), ['down', 'big'])
  })

  test('a key that may use none of the agent’s models has to name one, and is not told of others', async () => {
    const { status, body } = await post('sk-local', {})
    assert.deepEqual([status, body.error.code], [404, 'model_not_found'])
    assert.ok(!JSON.stringify(body).includes('acme') && !JSON.stringify(body).includes('main'))
  })

  test('agents: unknown and forbidden are the same 404, in the header and as a model', async () => {
    for (const credential of ['sk-one', 'sk-ops']) {
      for (const [agent, headers, model] of [
        ['main', { 'x-openclaw-agent-id': 'main' }],
        ['nowhere', { 'x-openclaw-agent-id': 'nowhere' }],
        ['other', {}, 'openclaw/other'],
        ['nowhere', {}, 'agent:nowhere'],
      ] as [string, Record<string, string>, string?][]) {
        const { status, body } = await post(credential, { ...(model && { model }) }, headers)
        const param = model ? 'model' : 'x-openclaw-agent-id'
        assert.deepEqual(
          [status, body.error],
          [404, { message: `Unknown agent '${agent}'.`, type: 'invalid_request_error', param, code: 'not_found' }],
        )
        const listed = await get('/v1/models', { ...as(credential), ...headers })
        if (!model) assert.deepEqual([listed.status, listed.body], [404, body])
      }
    }
    const operator = await it.chat({}, { 'x-openclaw-agent-id': 'nowhere' })
    assert.deepEqual([operator.status, (await jsonOf(operator)).error.code], [400, 'agent_not_found'])
  })

  test('a key without the default agent has its own first one', async () => {
    for (const credential of ['sk-one', 'sk-ops'])
      for (const model of [undefined, 'openclaw', 'openclaw/default', 'agent:default', 'openclaw/ops']) {
        const { status, headers } = await post(credential, { model })
        assert.deepEqual([status, headers.get('x-openclaw-agent-id')], [200, 'ops'], model)
      }
    const none = await post('sk-none', {})
    assert.deepEqual([none.status, none.body.error.code], [404, 'not_found'])
  })

  test('GET /v1/models/{id} and embeddings follow the same rules', async () => {
    for (const [credential, id, status] of [
      ['sk-acme', 'acme/big', 200],
      ['sk-acme', 'zeta/only', 404],
      ['sk-acme', 'openclaw/other', 200],
      ['sk-one', 'openclaw/ops', 200],
      ['sk-one', 'openclaw/other', 404],
      ['sk-one', 'openclaw', 200],
      ['sk-one', 'acme/big', 404],
    ] as const)
      assert.equal((await get(`/v1/models/${id}`, as(credential))).status, status, `${credential} ${id}`)
    const embed = (credential: string) =>
      it.gateway.fetch('/v1/embeddings', {
        method: 'POST',
        headers: as(credential),
        body: JSON.stringify({ model: 'zeta/vectors-embed', input: 'a' }),
      })
    assert.equal((await embed('sk-one')).status, 200)
    const refused = await embed('sk-acme')
    assert.deepEqual([refused.status, (await jsonOf(refused)).error.code], [404, 'model_not_found'])
  })

  test('T-API-08 equal requests of two keys with one Idempotency-Key are two', async () => {
    const headers = { 'idempotency-key': 'same' }
    const model = 'acme/small'
    for (const credential of ['sk-acme', 'sk-one', 'sk-acme']) assert.equal((await post(credential, { model }, headers)).status, 200)
    assert.equal(it.asked().length, 2)
  })

  test('more keys than views are kept: each still gets its own', async () => {
    const seen = probe(Models)
    const own = await boot({
      providers: { acme: { models: Array.from({ length: 300 }, (_, i) => ({ id: `m${i}` })) } },
      more: [seen.plugin],
    })
    try {
      for (let round = 0; round < 2; round++)
        for (let i = 0; i < 300; i++)
          assert.deepEqual(
            seen.current.list(undefined, key(`k${i}`, { models: [`acme/m${i}`] })).map(({ id }) => id),
            [`m${i}`],
          )
    } finally {
      await own.close()
    }
  })
})
