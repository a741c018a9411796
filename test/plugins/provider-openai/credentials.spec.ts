import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure, key, open, textOf } from './boot.js'

describe('provider-openai: credentials', { concurrency: true }, () => {
  const entry = { models: [{ id: 'm' }], anyModel: true }

  test('come from references, in headers too', async (t) => {
    const values: Record<string, string> = { KEY: key, TENANT: 'tenant-secret' }
    const { chat, upstream } = await open(t, {
      entry: {
        ...entry,
        apiKey: { source: 'env', id: 'KEY' },
        headers: { 'X-Tenant': { source: 'env', id: 'TENANT' }, 'X-Title': 'Gateway' },
      },
      gateway: { secrets: async (ref) => (typeof ref === 'string' ? ref : values[ref.id]) },
    })
    await chat('m')
    const { headers } = upstream.requests[0] as { headers: Record<string, string> }
    assert.equal(headers['authorization'], `Bearer ${key}`)
    assert.equal(headers['x-tenant'], 'tenant-secret')
    assert.equal(headers['x-title'], 'Gateway')
  })

  test('authHeader false and no key at all send no Authorization', async (t) => {
    for (const change of [{ authHeader: false }, { apiKey: '' }]) {
      const { chat, upstream } = await open(t, { entry: { ...entry, ...change }, upstream: { respond: () => ({ text: 'ok' }) } })
      await chat('m')
      assert.equal(upstream.requests[0]?.headers['authorization'], undefined)
    }
  })

  for (const [what, fails] of [
    ['is not set', async () => undefined],
    ['can’t be read', () => Promise.reject(new Error('cannot read /keys/fake'))],
  ] as const) {
    test(`T-SEC-02: while its secret ${what} a provider is refused, nothing is sent; later it recovers by itself`, async (t) => {
      let resolve: () => Promise<string | undefined> = fails
      const { chat, upstream, gateway } = await open(t, {
        entry: { ...entry, apiKey: { source: 'file', id: '/keys/fake' } },
        gateway: { secrets: async (ref) => (typeof ref === 'string' ? ref : resolve()) },
      })
      const { code, message } = await failure(chat('m'))
      assert.equal(code, 'upstream_auth_error')
      assert.doesNotMatch(message, /keys/)
      assert.equal(upstream.requests.length, 0)
      assert.ok(gateway.log.some((record) => /credentials of provider "fake" are not available/.test(record.message)))
      assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'provider-openai')?.state, 'active')
      resolve = async () => key
      await sleep(2_100)
      assert.equal(textOf(await chat('m')), 'You said: hi')
    })
  }

  test('T-NET-06: a key goes to its own origin only: no redirect is followed, no look-alike gets it', async (t) => {
    const thief = await open(t, { entry })
    const { chat, upstream } = await open(t, {
      entry,
      upstream: { respond: () => ({ status: 308, headers: { location: `${thief.upstream.baseUrl}/chat/completions` } }) },
    })
    await failure(chat('m'))
    assert.equal(upstream.requests.length, 1)
    assert.equal(thief.upstream.requests.length, 0)
  })

  test('T-NET-07: proxies of the environment are not used', async (t) => {
    const proxy = await open(t, { entry })
    const { chat } = await open(t, { entry })
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) {
      process.env[name] = proxy.upstream.baseUrl
      t.after(() => delete process.env[name])
    }
    assert.equal(textOf(await chat('m')), 'You said: hi')
    assert.equal(proxy.upstream.requests.length, 0)
  })

  for (const [what, change, path, message] of [
    ['credentials in the URL', { baseUrl: 'http://user:pw@127.0.0.1/v1' }, 'baseUrl', /credentials/],
    ['a fragment in the URL', { baseUrl: 'http://127.0.0.1/v1#x' }, 'baseUrl', /fragment/],
    ['no URL', { baseUrl: 'http://' }, 'baseUrl', /no URL/],
    ['another scheme', { baseUrl: 'ftp://127.0.0.1/' }, 'baseUrl', /pattern/],
    ['a header of the connection', { headers: { Host: 'evil.test' } }, 'headers.Host', /can't be set/],
    ['a header that is none', { headers: { 'a b': 'c' } }, 'headers.a b', /can't be set/],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const { reload, chat } = await open(t, { entry })
      await assert.rejects(reload({ ...entry, ...change }), (error: any) => {
        assert.equal(error.code, 'invalid_config')
        assert.equal(error.issues[0].path, `models.providers.fake.${path}`)
        assert.match(error.message, message)
        return true
      })
      assert.equal(textOf(await chat('m')), 'You said: hi')
    })
  }

  for (const name of ['OpenClaw', 'FAKE', 'a/b']) {
    test(`refuses a provider called ${name}`, async (t) => {
      const { gateway } = await open(t, { entry, others: { [name]: { ...entry, baseUrl: 'http://127.0.0.1:1' } } as never })
      const state = gateway.inspect().plugins.find((plugin) => plugin.name === 'provider-openai')
      assert.equal(state?.state, 'off')
      assert.match(state?.reason ?? '', /reserved|twice|pattern/)
    })
  }
})
