import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import agents from '../../../plugins/agents/index.js'
import inference from '../../../plugins/inference/index.js'
import keys from '../../../plugins/keys/index.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import openaiEmbeddings from '../../../plugins/openai-embeddings/index.js'
import openaiModels from '../../../plugins/openai-models/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import store from '../../../plugins/store/index.js'
import usage from '../../../plugins/usage/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { endpoints, errorOf, newState } from './boot.js'

// A cent for an answer of 1,000 tokens, nothing for what is sent.
const cost = { input: 0, output: 10 }
const listed = [
  { id: 'cheap', cost },
  { id: 'dear', cost },
  { id: 'unpriced' },
  { id: 'embed', kind: 'embedding', cost: { input: 1, output: 0 } },
]

describe('keys at the endpoints of models', () => {
  const it = endpoints(async (upstream) => ({
    paths: { state: await newState() },
    plugins: [
      wsProtocol,
      store,
      keys,
      usage,
      {
        plugin: agents,
        config: { defaults: { model: { primary: 'fake/cheap', fallbacks: ['fake/dear'] } }, list: [{ id: 'main' }, { id: 'other' }] },
      },
      models,
      { plugin: providerOpenai, config: { fake: { baseUrl: upstream.baseUrl, models: listed } } },
      inference,
      openaiModels,
      openaiChat,
      openaiEmbeddings,
    ],
  }))
  beforeEach(() => {
    it.upstream.requests.length = 0
    it.upstream.options = {}
  })

  const newKey = async (rights: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> => {
    const { key, secret } = await it.operator.call('keys.create', { name: 'someone', ...rights })
    return { id: key.id, secret }
  }
  const post = (secret: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${it.gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const chat = (secret: string, body: object = {}, headers: Record<string, string> = {}) =>
    post(
      secret,
      '/v1/chat/completions',
      { model: 'fake/cheap', max_tokens: 1_000, messages: [{ role: 'user', content: 'hi' }], ...body },
      headers,
    )
  const limitOf = async (id: string) => {
    const { limits } = await it.operator.call('usage.limits', {})
    return limits.find((limit: { id: string }) => limit.id === id)
  }
  const reported = async (by: string, id: string) => {
    const { rows } = await it.operator.call('usage.report', { by })
    return rows.find((row: Record<string, unknown>) => row['id'] === id)
  }

  test('T-API-02 a model outside of the key’s list looks like one that is not there, whichever way it is named', async () => {
    const { secret } = await newKey({ models: ['fake/cheap', 'other/*'] })
    const list = await (await fetch(`${it.gateway.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).json()
    assert.deepEqual(
      (list as { data: { id: string }[] }).data.map(({ id }) => id),
      ['fake/cheap'],
    )
    assert.equal((await chat(secret)).status, 200)
    const answers = new Set<string>()
    for (const model of [
      'fake/dear',
      'fake/nosuch',
      'nosuch/dear',
      'Fake/dear',
      'fake/DEAR',
      'fake/che',
      'fake/cheap:x',
      'dear',
      'nosuch',
    ]) {
      const refused = await chat(secret, { model })
      const { message, ...error } = await errorOf(refused)
      answers.add(JSON.stringify([refused.status, error, message.replace(model, '?')]))
    }
    assert.equal(answers.size, 1, [...answers].join('\n'))
    assert.match([...answers].join(), /^\[404,.*model_not_found/)
    for (const header of ['fake/dear', 'fake/nosuch']) assert.equal((await chat(secret, {}, { 'x-openclaw-model': header })).status, 404)
    for (const id of ['fake/dear', 'fake/nosuch']) {
      const found = await fetch(`${it.gateway.url}/v1/models/${id}`, { headers: { authorization: `Bearer ${secret}` } })
      assert.equal(found.status, 404, id)
    }
    assert.equal(it.upstream.requests.length, 1, 'nothing but the allowed call was made')
  })

  test('T-API-02 what answers where no model is named, and after it failed, is within the key’s list', async () => {
    const narrow = await newKey({ models: ['fake/cheap'] })
    it.upstream.options = { respond: ({ body }) => (body?.model === 'cheap' ? { status: 503 } : undefined) }
    const refused = await chat(narrow.secret, { model: 'openclaw' })
    assert.ok(refused.status >= 500, String(refused.status))
    assert.ok(it.upstream.requests.every(({ body }) => body.model === 'cheap'))
    it.upstream.options = {}
    const other = await newKey({ models: ['fake/dear'] })
    it.upstream.requests.length = 0
    await chat(other.secret, { model: undefined })
    assert.ok(it.upstream.requests.every(({ body }) => body.model === 'dear'))
  })

  test('T-API-02 an agent outside of the key’s list looks like one that is not there', async () => {
    const { secret } = await newKey({ agents: ['main'] })
    const answers = new Set<string>()
    for (const agent of ['other', 'nosuch']) {
      for (const refused of [
        await chat(secret, { model: `openclaw/${agent}` }),
        await chat(secret, {}, { 'x-openclaw-agent-id': agent }),
      ]) {
        const { message, code } = await errorOf(refused)
        answers.add(JSON.stringify([refused.status, code, message.replace(agent, '?')]))
      }
    }
    assert.ok(
      [...answers].every((answer) => answer.startsWith('[404,')),
      [...answers].join('\n'),
    )
    assert.equal(answers.size, 1, [...answers].join('\n'))
    assert.equal(it.upstream.requests.length, 0)
  })

  test('a key over its spend limit is refused before the upstream hears of it, also with 50 requests in flight', async () => {
    const { id, secret } = await newKey({ spendLimit: { usd: 0.12 } })
    it.upstream.options = { respond: () => ({ delayMs: 300 }) }
    const answers = await Promise.all(Array.from({ length: 50 }, () => chat(secret)))
    const statuses = answers.map(({ status }) => status)
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 402).length], [12, 38])
    assert.equal(it.upstream.requests.length, 12)
    const { message, ...error } = await errorOf(answers.find(({ status }) => status === 402) as Response)
    assert.deepEqual(error, { type: 'insufficient_quota', code: 'spend_limit_exceeded', param: null })
    assert.match(message, /Spend limit reached/)
    for (const answer of answers) if (answer.status === 200) await answer.text()
    const { requests, totalCost } = await reported('key', id)
    assert.equal(requests, 12)
    const { spentUsd, reservedUsd } = await limitOf(id)
    assert.deepEqual([spentUsd, reservedUsd], [totalCost, 0])
    assert.ok(spentUsd > 0 && spentUsd < 0.12, 'settled at what was used, which is less than what was set aside')
    assert.equal((await chat(secret)).status, 200, 'there is room again')
  })

  for (const stream of [false, true])
    test(`the same limit counts at each endpoint and in both lanes${stream ? ', streamed' : ''}`, async () => {
      const { id, secret } = await newKey({ spendLimit: { usd: 0.01, per: 'month' } })
      await (await chat(secret, { stream })).text()
      await (await chat(secret, { stream, model: 'openclaw', max_tokens: 900 })).text()
      await (await post(secret, '/v1/embeddings', { model: 'fake/embed', input: 'x'.repeat(100) })).text()
      const { requests, totalCost } = await reported('key', id)
      assert.equal(requests, 3)
      const { spentUsd, reservedUsd } = await limitOf(id)
      assert.deepEqual([spentUsd, reservedUsd], [totalCost, 0])
      assert.equal((await chat(secret, { stream })).status, 402)
      assert.equal((await chat(secret, { stream, model: 'openclaw' })).status, 402)
      assert.equal((await post(secret, '/v1/embeddings', { model: 'fake/embed', input: 'x'.repeat(20_000) })).status, 402)
    })

  test('a client that leaves does not get its answer for nothing, and money does not stay set aside', async () => {
    const { id, secret } = await newKey({ spendLimit: { usd: 0.01 } })
    it.upstream.options = { respond: () => ({ endless: true }) }
    const leaving = new AbortController()
    const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: 'fake/cheap', stream: true, max_tokens: 1_000, messages: [{ role: 'user', content: 'hi' }] }),
      signal: leaving.signal,
    })
    assert.equal(answer.status, 200)
    await answer.body?.getReader().read()
    leaving.abort()
    await settled(id)
    assert.deepEqual((await limitOf(id)).spentUsd, 0.01)
    assert.equal((await chat(secret)).status, 402)
  })

  /** Resolves when nothing of a key is set aside any more. */
  async function settled(id: string) {
    for (let tries = 0; tries < 200; tries++) if ((await limitOf(id)).reservedUsd === 0) return
    assert.fail('money stays set aside')
  }

  test('what the upstream refuses costs nothing', async () => {
    const { id, secret } = await newKey({ spendLimit: { usd: 0.01 } })
    it.upstream.options = { respond: () => ({ status: 400, error: { message: 'no' } }) }
    assert.equal((await chat(secret)).status, 400)
    const { spentUsd, reservedUsd } = await limitOf(id)
    assert.deepEqual([spentUsd, reservedUsd], [0, 0])
  })

  test('a key with a limit does not get a model without a price, and is told what to set', async () => {
    const limited = await newKey({ spendLimit: { usd: 100 } })
    const refused = await chat(limited.secret, { model: 'fake/unpriced' })
    const { code, message } = await errorOf(refused)
    assert.deepEqual([refused.status, code], [400, 'model_cost_unknown'])
    assert.match(message, /models\.providers\.fake\.models\[\]\.cost/)
    assert.equal(it.upstream.requests.length, 0)
    assert.equal((await chat((await newKey()).secret, { model: 'fake/unpriced' })).status, 200)
  })

  test('T-SCOPE-06 a key revoked while it streams makes no further call, and what runs is finished', async () => {
    const { id, secret } = await newKey()
    it.upstream.options = { respond: () => ({ text: 'one two three four', chunkDelayMs: 30 }) }
    const stream = await chat(secret, { stream: true })
    await it.operator.call('keys.revoke', { id })
    assert.equal((await chat(secret)).status, 401)
    assert.match(await stream.text(), /\[DONE\]/)
  })
})
