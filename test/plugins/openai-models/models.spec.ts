import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import OpenAI, { NotFoundError } from 'openai'
import { createTestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import type { Model } from '../../../plugins/contracts/models.js'
import http from '../../../plugins/http/index.js'
import models from '../../../plugins/models/index.js'
import openaiModels from '../../../plugins/openai-models/index.js'
import { listedProvider, providersPlugin } from '../../support/registry.js'

const acme = listedProvider('acme', [
  { id: 'big', name: 'Big', contextWindow: 1000, maxTokens: 100, created: 5 },
  'org/deep/model:1.2@x+y',
  { id: 'vectors', kind: 'embedding' },
])
const list = [{ id: 'main' }, { id: 'ops', models: { 'acme/vectors': {} } }]

async function open(t: TestContext, more: { withAgents?: boolean; provider?: typeof acme } = {}) {
  const { withAgents = true, provider = acme } = more
  const gateway = await createTestGateway({
    plugins: [http, ...(withAgents ? [{ plugin: agents, config: { list } }] : []), models, providersPlugin([provider]), openaiModels],
  })
  t.after(() => gateway.close())
  const client = (headers: Record<string, string> = {}) =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, defaultHeaders: headers, maxRetries: 0 })
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await gateway.fetch(path, { headers, method })
    const text = await response.text()
    const json = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
  }
  return { gateway, client, get }
}

/** The target exactly as given: `fetch` would tidy it up. */
const rawStatus = (url: string, path: string, token: string) =>
  new Promise<{ status: number; body: any }>((resolve, reject) => {
    const { port } = new URL(url)
    const headers = { authorization: `Bearer ${token}` }
    request({ host: '127.0.0.1', port, path, headers }, (res) => {
      let text = ''
      res.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) }))
    })
      .on('error', reject)
      .end()
  })

const big = { id: 'acme/big', object: 'model', created: 5, owned_by: 'acme', name: 'Big', context_length: 1000, max_output_tokens: 100 }
const bare = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'acme' })

describe('GET /v1/models', () => {
  test('is the flat list, in the form that clients know', async (t) => {
    const { get, client } = await open(t)
    const { status, headers, body } = await get('/v1/models?user=ann&limit=1')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(body, { object: 'list', data: [big, bare('acme/org/deep/model:1.2@x+y'), bare('acme/vectors')] })
    const ids: string[] = []
    for await (const { id } of client().models.list()) ids.push(id)
    assert.deepEqual(ids, ['acme/big', 'acme/org/deep/model:1.2@x+y', 'acme/vectors'])
  })

  test('is the list of the agent that the header names', async (t) => {
    const { get, client } = await open(t)
    const ids = async (headers: Record<string, string>) => (await get('/v1/models', headers)).body.data.map(({ id }: Model) => id)
    assert.deepEqual(await ids({ 'x-openclaw-agent-id': ' OPS ' }), ['acme/vectors'])
    assert.deepEqual(await ids({ 'x-openclaw-agent': 'ops' }), ['acme/vectors'])
    assert.deepEqual(await ids({ 'x-openclaw-agent-id': 'ops', 'x-openclaw-agent': 'main' }), ['acme/vectors'])
    assert.equal((await ids({ 'x-openclaw-agent-id': ' ' })).length, 3)
    assert.equal((await client({ 'x-openclaw-agent-id': 'ops' }).models.list()).data.length, 1)
  })

  test('of an unknown agent, or of one that can’t be, is 400', async (t) => {
    const { get } = await open(t)
    const unknown = await get('/v1/models', { 'x-openclaw-agent-id': 'ghost' })
    assert.equal(unknown.status, 400)
    assert.deepEqual(unknown.body.error, {
      message: "Unknown agent 'ghost'.",
      type: 'invalid_request_error',
      param: 'x-openclaw-agent-id',
      code: 'agent_not_found',
    })
    const invalid = await get('/v1/models', { 'x-openclaw-agent-id': 'a/b' })
    assert.deepEqual([invalid.status, invalid.body.error.code, invalid.body.error.param], [400, 'invalid_value', 'x-openclaw-agent-id'])
    assert.equal((await get('/v1/models/acme%2Fbig', { 'x-openclaw-agent-id': 'ghost' })).body.error.code, 'agent_not_found')
  })

  test('is empty without models, and follows a list that changes', async (t) => {
    let current: readonly Model[] = []
    const { get } = await open(t, { provider: { ...acme, models: () => current } })
    assert.deepEqual((await get('/v1/models')).body, { object: 'list', data: [] })
    current = acme.models()
    assert.equal((await get('/v1/models')).body.data.length, 3)
  })

  test('other methods and missing credentials are refused', async (t) => {
    const { get } = await open(t)
    for (const [path, method] of [
      ['/v1/models', 'POST'],
      ['/v1/models', 'HEAD'],
      ['/v1/models/acme%2Fbig', 'DELETE'],
    ] as const) {
      const { status, headers, body } = await get(path, {}, method)
      assert.deepEqual([status, headers.get('allow')], [405, 'GET'])
      assert.equal(body, method === 'HEAD' ? '' : 'Method Not Allowed')
    }
    const { status, body } = await get('/v1/models', { authorization: 'Bearer wrong' })
    assert.deepEqual([status, body.error.code], [401, 'invalid_api_key'])
  })
})

describe('GET /v1/models/{id}', () => {
  test('finds a model by its id, its slashes encoded or not', async (t) => {
    const { get, client } = await open(t)
    for (const path of ['acme%2Fbig', 'acme/big', 'ACME/big', 'acme%2fbig']) {
      const { status, body } = await get(`/v1/models/${path}`)
      assert.deepEqual([status, body], [200, big])
    }
    const deep = 'acme/org/deep/model:1.2@x+y'
    for (const path of [deep, encodeURIComponent(deep), 'acme/org%2Fdeep/model%3A1.2%40x%2By'])
      assert.deepEqual((await get(`/v1/models/${path}`)).body, bare(deep))
    assert.deepEqual(await client().models.retrieve('acme/big'), big)
  })

  test('finds the names of agents, though they are not listed', async (t) => {
    const { get, client } = await open(t)
    for (const id of ['openclaw', 'openclaw/default', 'openclaw/ops', 'OpenClaw/Main'])
      assert.deepEqual((await get(`/v1/models/${encodeURIComponent(id)}`)).body, {
        id,
        object: 'model',
        created: 0,
        owned_by: 'openclaw',
      })
    assert.equal((await client().models.retrieve('openclaw/ops')).owned_by, 'openclaw')
    const without = await open(t, { withAgents: false })
    assert.equal((await without.get('/v1/models/openclaw%2Fmain')).status, 200)
    assert.equal((await without.get('/v1/models/openclaw%2Fops')).status, 404)
  })

  test('anything else is 404, and says which', async (t) => {
    const { get, client } = await open(t)
    const { status, body } = await get('/v1/models/acme%2Fnone')
    assert.equal(status, 404)
    assert.deepEqual(body, {
      error: { message: "Model 'acme/none' not found.", type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    })
    for (const id of ['big', 'acme/BIG', 'openclaw/ghost', 'agent:main', 'openclaw:main'])
      assert.equal((await get(`/v1/models/${id}`)).status, 404, id)
    assert.equal((await get('/v1/models/acme%2Fbig', { 'x-openclaw-agent-id': 'ops' })).status, 404)
    await assert.rejects(client().models.retrieve('nope'), NotFoundError)
  })

  test('no id, and an id that can’t be decoded, are 400', async (t) => {
    const { gateway } = await open(t)
    const missing = await rawStatus(gateway.url, '/v1/models/', gateway.token)
    assert.deepEqual([missing.status, missing.body.error.message], [400, 'Missing model id.'])
    const broken = await rawStatus(gateway.url, '/v1/models/%E0%A4', gateway.token)
    assert.deepEqual([broken.status, broken.body.error.message], [400, 'Invalid model id encoding.'])
  })
})
