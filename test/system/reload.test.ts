import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { installThirdParty, type ThirdParty } from '../support/third-party.js'
import { startTraffic } from '../support/traffic.js'
import { startUpstream, type Upstream } from '../support/upstream.js'

const reloads = Number(process.env['OPENCLAW_TEST_RELOADS'] ?? 50)
const chunks = 60
const text = Array.from({ length: chunks }, (_, i) => `word${i} `).join('')

describe('a reload under load', () => {
  let upstream: Upstream
  let toy: ThirdParty
  let faulty: ThirdParty
  let gateway: GatewayProcess

  /** The nth configuration: one of four plugins differs from the one before. */
  const configuration = (n: number, extra: Record<string, any> = {}) => ({
    logging: { level: Math.floor((n + 1) / 4) % 2 ? 'warn' : 'info' },
    models: {
      aliases: { [`alias-${Math.floor((n + 3) / 4)}`]: 'fake/steady' },
      providers: {
        fake: { baseUrl: upstream.baseUrl, models: [{ id: 'steady' }], timeouts: { idleMs: 60_000 + Math.floor((n + 2) / 4) } },
      },
    },
    plugins: {
      load: { paths: [toy.folder, faulty.folder] },
      entries: {
        toy: { enabled: true, config: { greeting: `greeting ${Math.floor(n / 4)}` } },
        faulty: { enabled: true, config: {} },
        ...extra,
      },
    },
  })

  before(async () => {
    upstream = await startUpstream({
      strict: false,
      respond: ({ body }) => (body?.stream ? { text, chunks, chunkDelayMs: 20 } : { text: 'done' }),
    })
    toy = await installThirdParty('openclaw-plugin-toy')
    faulty = await installThirdParty('openclaw-plugin-faulty')
    gateway = await startGatewayProcess(configuration(0))
  })
  after(async () => {
    await gateway?.stop()
    await upstream?.close()
    await toy?.remove()
    await faulty?.remove()
  })

  const reloaded = async (from: number) => {
    for (let wait = 0; wait < 400; wait++) {
      const { generation } = await gateway.inspect()
      if (generation > from) return generation
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`no reload after generation ${from}:\n${gateway.output().slice(-2_000)}`)
  }

  test(`${reloads} reloads, each of another plugin: every request answered, every stream complete, no socket closed`, async (t) => {
    const { pid } = await gateway.inspect()
    const options = {
      url: gateway.url,
      token: gateway.token,
      model: 'fake/steady',
      clients: 20,
      streams: 20,
      sockets: 5,
      pauseMs: 60,
      text,
    }
    const traffic = startTraffic(options)
    const began = performance.now()
    let generation = 1
    for (let n = 1; n <= reloads; n++) {
      await gateway.writeConfig(configuration(n))
      generation = await reloaded(generation)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const seconds = (performance.now() - began) / 1_000
    await traffic.stop()
    const rate = traffic.done.requests / seconds
    t.diagnostic(`${rate.toFixed(0)} requests/s, ${traffic.done.streams} streams, ${traffic.done.echoes} echoes, ${seconds.toFixed(1)} s`)
    assert.deepEqual(traffic.failures, [])
    assert.ok(rate > 200, `${rate} requests/s`)
    assert.ok(traffic.done.streams >= 20 && traffic.done.echoes > 0)
    assert.equal((await gateway.inspect()).pid, pid)
  })

  for (const [what, entry, named] of [
    ['a throwing apply', { faulty: { enabled: true, config: { fault: 'throw-apply' } } }, /faulty.*boom in apply/s],
    ['a failing start', { faulty: { enabled: true, config: { fault: 'fail-start' } } }, /faulty.*boom in start/s],
    ['an invalid value', { toy: { enabled: true, config: { greeting: 7 } } }, /plugins\.entries\.toy\.config\.greeting.*expected string/s],
  ] as const) {
    test(`${what} leaves the running gateway as it was and is named with file, line and path`, async () => {
      const before = await gateway.inspect()
      const from = gateway.output().length
      await gateway.writeConfig(configuration(reloads, entry))
      const line = await gateway.printed(/config reload (skipped|refused|failed)[^\n]*\n/, from)
      assert.match(line, named)
      assert.match(line, /openclaw\.json:\d+/)
      assert.match(line, /plugins\.entries\.(toy|faulty)/)
      const now = await gateway.inspect()
      assert.equal(now.generation, before.generation)
      assert.deepEqual(
        now.plugins.map(({ name, state }) => [name, state]),
        before.plugins.map(({ name, state }) => [name, state]),
      )
      assert.equal((await gateway.fetch('/v1/models')).status, 200)
    })
  }

  test('a broken file leaves the running gateway as it was and is named with file and line', async () => {
    const before = await gateway.inspect()
    const from = gateway.output().length
    await gateway.writeConfig('{ gateway: {\n  mode: "local",,\n}')
    const line = await gateway.printed(/config reload (skipped|refused|failed)[^\n]*\n/, from)
    assert.match(line, /openclaw\.json:2.*JSON5/)
    assert.equal((await gateway.inspect()).generation, before.generation)
    await gateway.writeConfig(configuration(reloads + 1))
    assert.ok((await reloaded(before.generation)) > before.generation)
  })
})
