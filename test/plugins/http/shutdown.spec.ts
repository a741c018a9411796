import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { Routes, Upgrades } from '../../../plugins/contracts/http.js'
import { bootFixture, type Fixture, upgradeLines } from '../../support/gateway.js'
import { raw, rawConnect, rawRequest } from '../../support/raw.js'

const open = { auth: 'gateway', scope: 'operator.read', raw: true } as const

/** Routes that end when the test says so, or when their signal says so, or never. */
function worker() {
  const finish = new Set<() => void>()
  const reasons: unknown[] = []
  const plugin = definePlugin({
    api: 1,
    name: 'worker',
    apply(kernel) {
      kernel.surface(Routes).tap((routes) => {
        routes.get('/v1/work', open, async (_req, _res, call) => {
          await new Promise<void>((resolve, reject) => {
            finish.add(resolve)
            call.signal.addEventListener('abort', () => reject(call.signal.reason))
          })
          call.replyJson(200, { finished: true })
        })
        routes.get('/v1/watch', open, async (_req, _res, call) => {
          const stream = call.openEventStream()
          await stream.write('data: 1\n\n')
          await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()))
          reasons.push(call.signal.reason)
          stream.end(`data: ${JSON.stringify(call.errorBody(call.signal.reason))}\n\n`)
        })
        routes.get('/v1/deaf', open, () => new Promise(() => undefined))
      })
      kernel.surface(Upgrades).tap((upgrades) =>
        upgrades.add('/line', {
          auth: 'gateway',
          scope: 'operator.read',
          handler: (_req, socket) =>
            void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
        }),
      )
    },
  })
  return { plugin, reasons, finishAll: () => finish.forEach((resolve) => resolve()), waiting: () => finish.size }
}

const line = ({ host, credential }: Fixture, path: string, ...more: string[]) =>
  raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, credential, ...more])

const until = async (what: string, met: () => boolean) => {
  const deadline = performance.now() + 3_000
  while (!met()) {
    assert.ok(performance.now() < deadline, `waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const refused = (url: string) =>
  new Promise<boolean>((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })

describe('shutdown', { concurrency: true }, () => {
  test('running requests finish, new ones are told to come back, probes still answer', async () => {
    const { plugin, finishAll, waiting } = worker()
    const fixture = await bootFixture({ plugins: [plugin], limits: { closeDrainMs: 5_000 } })
    const running = await rawConnect(fixture.url)
    await running.send(line(fixture, '/v1/work'))
    const idle = await rawConnect(fixture.url)
    await idle.send(line(fixture, '/things'))
    await idle.until(1)
    await until('the request runs', () => waiting() === 1)
    const closing = fixture.close()
    await until('the gateway drains', () => fixture.gateway.inspect().plugins.some(({ state }) => state === 'draining'))

    for (const path of ['/things', '/koa/one', '/v1/things']) {
      const reply = await rawRequest(fixture.url, line(fixture, path))
      assert.deepEqual([reply.status, reply.headers['retry-after'], JSON.parse(reply.body).error.code], [503, '5', 'shutting_down'], path)
    }
    assert.equal((await rawRequest(fixture.url, raw(upgradeLines('/line', fixture.host, fixture.credential)))).status, 503)
    assert.equal((await rawRequest(fixture.url, line(fixture, '/health'))).status, 200)
    await idle.send(line(fixture, '/things'))
    assert.deepEqual(
      (await idle.until(2)).map(({ status }) => status),
      [200, 503],
      'also on a connection that was open before',
    )

    finishAll()
    const [reply] = await running.until(1)
    assert.deepEqual([reply?.status, reply?.body], [200, '{"finished":true}'])
    await closing
    assert.equal(await refused(fixture.url), true)
    for (const connection of [running, idle]) {
      assert.equal(await connection.closes(), true)
      connection.destroy()
    }
  })

  test('at the deadline streams end with an error event, deaf handlers are cut, and the port is free', async () => {
    const { plugin, reasons } = worker()
    const fixture = await bootFixture({ plugins: [plugin], limits: { closeDrainMs: 150 } })
    const [stream, deaf, work, upgraded, silent] = await Promise.all(Array.from({ length: 5 }, () => rawConnect(fixture.url)))
    assert.ok(stream && deaf && work && upgraded && silent)
    await stream.send(line(fixture, '/v1/watch'))
    await deaf.send(line(fixture, '/v1/deaf'))
    await work.send(line(fixture, '/v1/work'))
    await upgraded.send(raw(upgradeLines('/line', fixture.host, fixture.credential)))
    await until('the stream began', () => stream.received().includes('data: 1'))
    await upgraded.until(1)
    const began = performance.now()
    await fixture.gateway.close('The machine goes down.')
    const tookMs = performance.now() - began
    assert.ok(tookMs > 140 && tookMs < 3_000, `closed after ${tookMs} ms`)
    assert.equal((reasons[0] as { code: string; message: string }).message, 'The machine goes down.')
    for (const connection of [stream, deaf, work, upgraded, silent]) {
      assert.equal(await connection.closes(), true)
      connection.destroy()
    }
    const [streamed] = stream.replies()
    assert.match(streamed?.body ?? '', /data: 1\n\ndata: \{"error":\{"message":"The machine goes down\.".*"shutting_down"\}\}\n\n$/)
    const [worked] = work.replies()
    assert.deepEqual([worked?.status, worked?.headers['retry-after']], [503, '5'])
    assert.deepEqual([deaf.replies(), deaf.rest()], [[], ''])
    assert.equal(await refused(fixture.url), true)
    const again = await bootFixture({
      gateway: { port: Number(new URL(fixture.url).port), auth: { mode: 'token', token: 'x'.repeat(32) } },
    })
    assert.equal(again.url, fixture.url)
    await again.close()
  })

  test('a replaced plugin finishes its requests while its successor serves', async () => {
    const first = worker()
    const second = worker()
    const fixture = await bootFixture({ plugins: [first.plugin], limits: { drainMs: 5_000 } })
    const { gateway } = fixture
    const plugins = (gateway: Fixture['gateway'], name: string) => gateway.inspect().plugins.find((plugin) => plugin.name === name)?.state
    const [old, stream] = [await rawConnect(fixture.url), await rawConnect(fixture.url)]
    await old.send(line(fixture, '/v1/work'))
    await stream.send(line(fixture, '/v1/slow-stream'))
    await until('the stream began', () => stream.received().includes('data: 1'))
    await until('the request runs', () => first.waiting() === 1)
    await gateway.reload({ plugins: [...fixture.plugins.filter((use) => use !== first.plugin), second.plugin] })
    assert.equal(plugins(gateway, 'worker'), 'active')
    const fresh = await rawConnect(fixture.url)
    await fresh.send(line(fixture, '/v1/work'))
    await until('the successor serves', () => second.waiting() === 1)
    first.finishAll()
    second.finishAll()
    assert.equal((await old.until(1))[0]?.status, 200)
    assert.equal((await fresh.until(1))[0]?.status, 200)
    assert.equal(stream.isClosed, false, 'the other plugin’s stream goes on')
    for (const connection of [old, fresh, stream]) connection.destroy()
    await fixture.close()
  })

  test('closing twice, at once and again, is closing once', async () => {
    const fixture = await bootFixture()
    await Promise.all([fixture.close(), fixture.close()])
    await fixture.close()
    assert.equal(fixture.gateway.inspect().state, 'closed')
    await assert.rejects(fetch(`${fixture.url}/health`))
  })
})
