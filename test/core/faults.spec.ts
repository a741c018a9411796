import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { definePlugin, type HookEvents, type Plugin } from 'openclaw/plugin'
import { createFaults } from '../../core/guard.js'
import { Routes, Upgrades } from '../../plugins/contracts/http.js'
import { bootFixture, type Fixture, upgradeLines } from '../support/gateway.js'
import { raw, rawExchange, rawRequest } from '../support/raw.js'

const open = { auth: 'gateway', scope: 'operator.read', raw: true } as const
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const plugin = (apply: Parameters<typeof definePlugin>[0]['apply'], name = 'faulty') => definePlugin({ api: 1, name, apply })
const state = ({ gateway }: Fixture, name = 'faulty') => {
  const found = gateway.inspect().plugins.find((one) => one.name === name)
  assert.ok(found)
  return found
}
const get = ({ url, host, credential }: Fixture, path: string) =>
  rawRequest(url, raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, credential, 'Connection: close']))
const fail = (): never => {
  throw new Error('boom')
}

/** The plugin is out of service, everybody else serves, and the log says who and why. */
async function assertQuarantined(fixture: Fixture, hook: RegExp) {
  const { faults, quarantinedUntil = 0, state: standing } = state(fixture)
  assert.equal(standing, 'active')
  assert.ok(faults.total >= 5, `${faults.total} faults`)
  assert.match(faults.last?.hook ?? '', hook)
  assert.match(faults.last?.message ?? '', /^Plugin "faulty" failed in /)
  assert.ok(quarantinedUntil - Date.now() > 55_000 && quarantinedUntil - Date.now() <= 60_000)
  assert.ok(
    fixture.gateway.log.some(
      ({ level, message }) => level === 'error' && /"faulty" is quarantined until .*five faults in a minute/.test(message),
    ),
  )
  assert.equal((await get(fixture, '/things')).status, 200)
  assert.equal((await get(fixture, '/koa/one')).status, 200)
  assert.deepEqual([state(fixture, 'fixture').faults.total, state(fixture, 'http').faults.total], [0, 0])
}

describe('faults', { concurrency: true }, () => {
  test('T-DOS-14 a route that fails five times in a minute is out, with 503; the others serve', async () => {
    const told: HookEvents['fault'][] = []
    const faulty = plugin((kernel) =>
      kernel.surface(Routes).tap((routes) => {
        routes.get('/v1/fail', open, fail)
        routes.get('/v1/fine', open, (_req, _res, call) => call.replyJson(200, {}))
      }),
    )
    const watcher = plugin((kernel) => kernel.hooks.fault.tap((event) => void told.push(event)), 'watcher')
    const fixture = await bootFixture({ plugins: [faulty, watcher] })
    for (let attempt = 0; attempt < 5; attempt++) {
      assert.equal(state(fixture).quarantinedUntil, undefined)
      assert.equal((await get(fixture, '/v1/fine')).status, 200)
      assert.equal((await get(fixture, '/v1/fail')).status, 500)
    }
    for (const path of ['/v1/fail', '/v1/fine']) {
      const reply = await get(fixture, path)
      assert.deepEqual([reply.status, JSON.parse(reply.body).error.code, reply.headers['retry-after']], [503, 'plugin_unavailable', '5'])
    }
    await assertQuarantined(fixture, /^route GET \/v1\/fail$/)
    assert.deepEqual(
      told.map(({ plugin: name, quarantined }) => [name, quarantined]),
      [...Array.from({ length: 4 }, () => ['faulty', false]), ['faulty', true]],
    )
    assert.equal(told[0]?.error.hook, 'route GET /v1/fail')
    await fixture.close()
  })

  test('T-DOS-14 1,000 failures at once, and every other request is served', async () => {
    const faulty = plugin((kernel) => {
      kernel.surface(Routes).tap((routes) => routes.get('/v1/fail', open, async () => fail()))
      kernel.hooks.served.tap(fail)
      kernel.hooks.logged.tap(fail)
    })
    const fixture = await bootFixture({ plugins: [faulty] })
    const headers = { authorization: fixture.credential.slice(15) }
    const statuses = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const response = await fetch(`${fixture.url}${index % 2 ? '/v1/fail' : '/things'}`, { headers })
        await response.arrayBuffer()
        return response.status
      }),
    )
    assert.deepEqual([...new Set(statuses.filter((_, index) => index % 2 === 0))], [200])
    assert.ok(statuses.filter((_, index) => index % 2).every((status) => status === 500 || status === 503))
    assert.equal((await get(fixture, '/things')).status, 200)
    await fixture.close()
  })

  for (const [name, tap] of [
    ['throws', fail],
    ['rejects', async () => fail()],
    ['hangs', () => new Promise<void>(() => undefined)],
  ] as const)
    test(`T-DOS-14 a notification tap that ${name} is counted and left out; requests and other taps notice nothing`, async () => {
      let heard = 0
      let called = 0
      const faulty = plugin((kernel) =>
        kernel.hooks.served.tap(() => {
          called++
          return tap()
        }),
      )
      const other = plugin((kernel) => kernel.hooks.served.tap(() => void heard++), 'other')
      const fixture = await bootFixture({ plugins: [faulty, other], limits: { budgetsMs: { served: 20 } } })
      for (let count = 0; count < 5; count++) assert.equal((await get(fixture, '/things')).status, 200)
      for (let tries = 0; tries < 40 && !state(fixture).quarantinedUntil; tries++) await pause(25)
      await assertQuarantined(fixture, /^served$/)
      assert.deepEqual([state(fixture).faults.last?.code, called], [name === 'hangs' ? 'hook_timeout' : 'plugin_error', 5])
      for (let tries = 0; tries < 40 && heard < 7; tries++) await pause(5)
      assert.equal(heard, 7)
      await fixture.close()
    })

  test('T-DOS-14 taps on fault and logged that fail do not feed on themselves', async () => {
    const faulty = plugin((kernel) => {
      kernel.hooks.fault.tap(fail)
      kernel.hooks.logged.tap(fail)
    })
    const broken = plugin((kernel) => kernel.surface(Routes).tap((routes) => routes.get('/v1/fail', open, fail)), 'broken')
    const fixture = await bootFixture({ plugins: [faulty, broken] })
    for (let count = 0; count < 3; count++) assert.equal((await get(fixture, '/v1/fail')).status, 500)
    assert.ok(state(fixture).quarantinedUntil)
    assert.equal(state(fixture, 'broken').faults.total, 3)
    assert.ok(fixture.gateway.log.length < 50)
    assert.equal((await get(fixture, '/things')).status, 200)
    await fixture.close()
  })

  test('T-DOS-14 an upgrade handler that fails closes its socket alone, five times, then 503', async () => {
    for (const handler of [fail, async () => fail()]) {
      const faulty = plugin((kernel) =>
        kernel.surface(Upgrades).tap((upgrades) => upgrades.add('/fail', { auth: 'gateway', scope: 'operator.read', handler })),
      )
      const fixture = await bootFixture({ plugins: [faulty] })
      const upgrade = raw(upgradeLines('/fail', fixture.host, fixture.credential))
      for (let attempt = 0; attempt < 5; attempt++)
        assert.deepEqual(await rawExchange(fixture.url, upgrade), { replies: [], rest: '', closed: true })
      assert.equal((await rawRequest(fixture.url, upgrade)).status, 503)
      await assertQuarantined(fixture, /^upgrade \/fail$/)
      await fixture.close()
    }
  })

  test('T-DOS-14 background tasks that fail are counted, and run again after a pause', async () => {
    const runs: number[] = []
    const began = performance.now()
    const faulty = plugin((kernel) => {
      for (let index = 0; index < 4; index++) kernel.task(`breaks ${index}`, async () => fail())
      kernel.task('recovers', async (signal) => {
        runs.push(performance.now() - began)
        if (runs.length === 1) fail()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      })
    })
    const fixture = await bootFixture({ plugins: [faulty] })
    await pause(20)
    await assertQuarantined(fixture, /^task /)
    for (let tries = 0; tries < 60 && runs.length < 2; tries++) await pause(50)
    assert.equal(runs.length, 2)
    assert.ok((runs[1] as number) > 900, 'not at once')
    await fixture.close()
  })

  test('T-DOS-14 what escaped every guard can be blamed on its plugin by the host', async () => {
    const fixture = await bootFixture({ plugins: [plugin(() => undefined)] })
    const blame = (thrown: unknown) => fixture.gateway.blame('faulty', 'unhandled rejection', thrown)
    for (const thrown of [new Error('from a timer'), 'from a microtask', undefined, null, { from: 'an emitter' }])
      assert.equal(blame(thrown), true)
    await assertQuarantined(fixture, /^unhandled rejection$/)
    assert.equal(fixture.gateway.blame('nobody', 'x', new Error('y')), false)
    await fixture.close()
  })

  test('T-DOS-14 phases that fail do not keep a gateway from starting, serving and closing', async () => {
    const faulty: Plugin = plugin((kernel) => {
      kernel.hooks.ready.tap(fail)
      kernel.hooks.drain.tap(() => Promise.reject(new Error('boom')))
      kernel.hooks.close.tap(() => new Promise(() => undefined))
      kernel.defer(fail)
    })
    const fixture = await bootFixture({ plugins: [faulty], limits: { budgetsMs: { close: 50 }, closeDrainMs: 100 } })
    assert.equal((await get(fixture, '/things')).status, 200)
    assert.equal(state(fixture).faults.last?.hook, 'ready')
    const began = performance.now()
    await fixture.close()
    assert.ok(performance.now() - began < 2_000)
    assert.equal(fixture.gateway.inspect().state, 'closed')
    await assert.rejects(fetch(fixture.url))
  })
})

describe('the count of faults', () => {
  test('T-DOS-14 five within a minute, not five in all; each quarantine is twice as long, an hour at most', () => {
    let now = 1_000_000
    const clock = mock.method(Date, 'now', () => now)
    try {
      const error = { hook: 'served', code: 'plugin_error', message: 'boom' }
      const faults = createFaults()
      for (let count = 0; count < 20; count++) {
        assert.equal(faults.record(error), false, 'one every 16 s is tolerable')
        now += 16_000
      }
      assert.deepEqual([faults.quarantined(), faults.summary().total], [false, 20])
      now += 61_000
      for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
        const results = Array.from({ length: 5 }, () => faults.record(error))
        assert.deepEqual(results, [false, false, false, false, true])
        assert.equal(faults.until() - now, minutes * 60_000)
        assert.equal(faults.record(error), false, 'a fault in quarantine does not prolong it')
        now += minutes * 60_000 - 1
        assert.equal(faults.quarantined(), true)
        now += 1
        assert.equal(faults.quarantined(), false)
        now += 61_000
      }
    } finally {
      clock.mock.restore()
    }
  })
})
