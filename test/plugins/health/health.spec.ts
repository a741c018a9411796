import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { Routes } from '../../../plugins/contracts/http.js'
import { Probes } from '../../../plugins/contracts/probes.js'
import health from '../../../plugins/health/index.js'
import { gatewaysOfSuite } from '../../support/gateways.js'

const anonymous = { headers: { authorization: '' } }
/** Makes a request from loopback not a direct one. */
const proxied = { 'x-forwarded-for': '203.0.113.9' }

const broken = definePlugin({
  api: 1,
  name: 'broken',
  apply: (kernel) =>
    kernel.hooks.start.tap(() => {
      throw new Error('no such luck')
    }),
})

const read = async (gateway: TestGateway, path: string, headers: Record<string, string>, method = 'GET') => {
  const response = await gateway.fetch(path, { method, headers })
  return { status: response.status, body: await response.text(), headers: Object.fromEntries(response.headers) }
}

describe('health', () => {
  const boot = gatewaysOfSuite()

  test('live says so, to anyone, by GET and HEAD', async () => {
    const gateway = await boot({ plugins: [health] })
    for (const path of ['/health', '/healthz']) {
      const get = await gateway.fetch(path, anonymous)
      assert.equal(get.status, 200)
      assert.equal(get.headers.get('cache-control'), 'no-store')
      assert.match(get.headers.get('content-type') ?? '', /^application\/json/)
      assert.equal(await get.text(), '{"ok":true,"status":"live"}')
      const head = await gateway.fetch(path, { ...anonymous, method: 'HEAD' })
      assert.deepEqual([head.status, await head.text()], [200, ''])
      assert.equal(head.headers.get('content-length'), '27')
    }
  })

  test('other methods are refused and the allowed ones named', async () => {
    const gateway = await boot({ plugins: [health] })
    for (const path of ['/health', '/healthz', '/ready', '/readyz']) {
      const response = await gateway.fetch(path, { ...anonymous, method: 'POST' })
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'])
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      await response.text()
    }
  })

  test('ready: detail for local requests and for a credential, not for strangers', async () => {
    const gateway = await boot({ plugins: [health] })
    const auth = { authorization: `Bearer ${gateway.token}` }
    for (const path of ['/ready', '/readyz']) {
      const local = JSON.parse((await read(gateway, path, { authorization: '' })).body)
      assert.deepEqual(Object.keys(local), ['ready', 'failing', 'uptimeMs'])
      assert.deepEqual([local.ready, local.failing], [true, []])
      assert.ok(local.uptimeMs >= 0 && local.uptimeMs < 60_000)
      assert.match((await read(gateway, path, { ...proxied, ...auth })).body, /"failing":\[\]/)
      assert.equal((await read(gateway, path, { ...proxied, authorization: '' })).body, '{"ready":true}')
      assert.equal((await read(gateway, path, { ...proxied, authorization: 'Bearer wrong' })).body, '{"ready":true}')
      assert.equal((await read(gateway, path, { authorization: '' }, 'HEAD')).body, '')
    }
  })

  test('without any auth only a local direct request gets detail', async () => {
    const gateway = await boot({ plugins: [health], gateway: { auth: { mode: 'none' } } })
    assert.match((await read(gateway, '/ready', {})).body, /"failing":\[\]/)
    assert.equal((await read(gateway, '/ready', proxied)).body, '{"ready":true}')
  })

  test('a plugin that failed to start makes it not ready, by name', async () => {
    const gateway = await boot({ plugins: [health, broken] })
    const local = await read(gateway, '/ready', {})
    assert.equal(local.status, 503)
    assert.deepEqual(JSON.parse(local.body).failing, ['broken'])
    const stranger = await read(gateway, '/ready', { ...proxied, authorization: '' })
    assert.deepEqual([stranger.status, stranger.body], [503, '{"ready":false}'])
    assert.equal((await read(gateway, '/health', {})).status, 200)
  })

  test('a plugin that could not be loaded is missed, one that was turned off is not', async () => {
    const off = (name: string, intended: boolean) => ({
      name,
      reason: 'somehow',
      section: `plugins.entries.${name}.config`,
      origin: 'external' as const,
      intended,
    })
    const gateway = await boot({ plugins: [health], off: [off('unwanted', true), off('lost', false)] })
    assert.deepEqual(JSON.parse((await read(gateway, '/ready', {})).body).failing, ['lost'])
  })

  test('a quarantined plugin makes it not ready', async () => {
    const shaky = definePlugin({
      api: 1,
      name: 'shaky',
      apply: (kernel) =>
        kernel.surface(Routes).tap((routes) =>
          routes.get('/plugins/shaky', { auth: 'gateway', scope: 'operator.read', raw: true }, () => {
            throw new Error('again')
          }),
        ),
    })
    const gateway = await boot({ plugins: [health, shaky] })
    for (let fault = 0; fault < 5; fault++) assert.equal((await read(gateway, '/plugins/shaky', {})).status, 500)
    assert.deepEqual(JSON.parse((await read(gateway, '/ready', {})).body).failing, ['shaky'])
  })

  test('a probe that fails or breaks is named; the answer is at most a second old', async () => {
    const queue: { problem?: string } = {}
    const probing = definePlugin({
      api: 1,
      name: 'probing',
      apply: (kernel) =>
        kernel.surface(Probes).tap((probes) => {
          probes.add('queue', { check: () => queue.problem })
          probes.add('quiet', { check: () => undefined })
          probes.add('torn', {
            check: () => {
              if (queue.problem) throw new Error('torn')
              return undefined
            },
          })
        }),
    })
    const gateway = await boot({ plugins: [health, probing] })
    assert.equal((await read(gateway, '/ready', {})).status, 200)
    queue.problem = 'full'
    assert.equal((await read(gateway, '/ready', {})).status, 200, 'still the answer of a moment ago')
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    const failing = await read(gateway, '/ready', {})
    assert.equal(failing.status, 503)
    assert.deepEqual(JSON.parse(failing.body).failing, ['queue', 'torn'])
  })

  test('during a shutdown it is not ready and still alive', async () => {
    const slow = definePlugin({
      api: 1,
      name: 'slow',
      apply: (kernel) => kernel.hooks.drain.tap(() => new Promise((resolve) => setTimeout(resolve, 300))),
    })
    const gateway = await boot({ plugins: [health, slow] })
    assert.equal((await read(gateway, '/ready', {})).status, 200)
    const closing = gateway.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const detail = await read(gateway, '/ready', {})
    assert.deepEqual([detail.status, JSON.parse(detail.body).failing], [503, ['shutdown']])
    assert.equal((await read(gateway, '/ready', { ...proxied, authorization: '' })).body, '{"ready":false}')
    assert.equal((await read(gateway, '/health', {})).status, 200)
    await closing
  })

  test('T-ROUTE-05 what is said before login tells no version, plugin, channel or path', async () => {
    const gateway = await boot({ plugins: [health, broken] })
    const bodies = new Map([
      ['/health', '{"ok":true,"status":"live"}'],
      ['/healthz', '{"ok":true,"status":"live"}'],
      ['/ready', '{"ready":false}'],
      ['/readyz', '{"ready":false}'],
      ['/', 'Not Found'],
      ['/nothing', 'Not Found'],
    ])
    for (const [path, body] of bodies) {
      const answer = await read(gateway, path, { ...proxied, authorization: '' })
      assert.equal(answer.body, body, path)
      const { connection, date, ...known } = answer.headers
      assert.ok(connection && date)
      assert.deepEqual(
        Object.keys(known).filter((name) => !expectedHeaders.has(name)),
        [],
        path,
      )
      assert.doesNotMatch(JSON.stringify(known), /openclaw|koa|node|broken|\d+\.\d+\.\d+/i)
    }
  })

  test('T-ROUTE-05 a malformed target is refused without detail of the gateway', async () => {
    const gateway = await boot({ plugins: [health] })
    const body = await rawGet(gateway.url, '/health/%2e%2e/ready')
    assert.doesNotMatch(body, /plugin|stack|node_modules|\.ts|\.js/)
    assert.deepEqual(Object.keys(JSON.parse(body)), ['error'])
  })
})

const expectedHeaders = new Set([
  'x-content-type-options',
  'referrer-policy',
  'permissions-policy',
  'x-request-id',
  'cache-control',
  'content-type',
  'content-length',
  'keep-alive',
])

/** `fetch` would resolve the dots itself. */
const rawGet = (url: string, path: string) =>
  new Promise<string>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    request({ hostname, port, path }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
