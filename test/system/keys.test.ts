import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connectOperator } from '../support/operator.js'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { startUpstream, type Upstream } from '../support/upstream.js'

/** A cent for an answer of 1,000 tokens. */
const cost = { input: 0, output: 10 }

describe('keys and kill -9', () => {
  let upstream: Upstream
  let gateway: GatewayProcess
  let arrived: () => void = () => undefined
  before(async () => {
    upstream = await startUpstream({
      respond({ path }) {
        if (!path.endsWith('/chat/completions')) return undefined
        arrived()
        return { hang: 'body' }
      },
    })
    gateway = await startGatewayProcess({
      models: { providers: { fake: { baseUrl: upstream.baseUrl, models: [{ id: 'dear', cost }] } } },
      agents: { defaults: { model: 'fake/dear' } },
    })
  })
  after(async () => {
    await gateway?.stop()
    await upstream?.close()
  })

  const chat = (secret: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: 'fake/dear', stream: true, max_tokens: 1_000, messages: [{ role: 'user', content: 'hi' }] }),
    })
  const limitOf = async (id: string) => {
    const operator = await connectOperator(gateway.url, { token: gateway.token })
    const { limits } = await operator.call('usage.limits', {})
    await operator.close()
    return limits.find((limit: { id: string }) => limit.id === id)
  }

  test('money set aside for calls that a kill ended counts as spent: no restart gives a key more than its limit', async () => {
    const operator = await connectOperator(gateway.url, { token: gateway.token })
    const { key, secret } = await operator.call('keys.create', { name: 'killed', spendLimit: { usd: 0.05 } })
    let calls = 0
    for (const [killed, room] of [
      [3, 2],
      [2, 0],
      [0, 0],
    ] as const) {
      const began = calls
      const all = new Promise<void>((resolve) => {
        arrived = () => ++calls - began === killed && resolve()
        if (killed === 0) resolve()
      })
      const answers = Array.from({ length: killed }, () =>
        chat(secret)
          .then((answer) => answer.text())
          .catch(() => 'cut'),
      )
      await all
      await gateway.kill()
      await Promise.all(answers)
      gateway = await startGatewayProcess({}, { successorOf: gateway })
      const { spentUsd, reservedUsd } = await limitOf(key.id)
      assert.deepEqual([spentUsd, reservedUsd], [(5 - room) / 100, 0])
    }
    const before = upstream.requests.length
    const refused = await Promise.all(Array.from({ length: 50 }, () => chat(secret)))
    assert.deepEqual([...new Set(refused.map(({ status }) => status))], [402])
    assert.equal(upstream.requests.length, before, 'the upstream heard of it')
    assert.equal(calls, 5)
  })

  test('T-AUTH-04 no key is in any file or line that the gateway wrote, and a revoked one stays so after a kill', async () => {
    const operator = await connectOperator(gateway.url, { token: gateway.token })
    const made = [await operator.call('keys.create', { name: 'one' }), await operator.call('keys.create', { name: 'two' })]
    const [kept, revoked] = made.map(({ secret }: { secret: string }) => secret) as [string, string]
    await operator.call('keys.revoke', { id: made[1].key.id })
    const models = async (secret: string) =>
      (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status
    assert.deepEqual([await models(kept), await models(revoked)], [200, 401])
    await gateway.kill()
    gateway = await startGatewayProcess({}, { successorOf: gateway })
    assert.deepEqual([await models(kept), await models(revoked)], [200, 401])
    const files = (await readdir(gateway.folder, { recursive: true, withFileTypes: true })).filter((file) => file.isFile())
    const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
    assert.ok(texts.some((text) => text.includes(made[0].key.id)))
    for (const secret of [kept, revoked]) for (const text of [...texts, gateway.output()]) assert.ok(!text.includes(secret.slice(16)))
  })
})
