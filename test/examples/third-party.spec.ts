import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { use } from 'openclaw'
import { conformance, type TestGateway } from 'openclaw/testing'
import { WebSocket } from 'ws'
import { gatewaysOfSuite } from '../support/gateways.js'
import { installThirdParty } from '../support/third-party.js'

const installedToy = await installThirdParty('openclaw-plugin-toy')
const installedFaulty = await installThirdParty('openclaw-plugin-faulty')
const toy = await installedToy.load()
const faulty = await installedFaulty.load()
after(() => Promise.all([installedToy.remove(), installedFaulty.remove()]))

/** Through the same door as the bundled ones: same checks. */
conformance(toy, { config: { greeting: 'Hi' } })

const json = async (gateway: TestGateway, path: string): Promise<Record<string, any>> => {
  const response = await gateway.fetch(path)
  assert.equal(response.status, 200)
  return (await response.json()) as Record<string, any>
}

const connect = async (gateway: TestGateway) => {
  const headers = { authorization: `Bearer ${gateway.token}` }
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/toy`, { headers })
  await once(socket, 'open')
  return socket
}

const ask = async (socket: WebSocket, text: string): Promise<string> => {
  const answer = once(socket, 'message')
  socket.send(text)
  return String((await answer)[0])
}

describe('a plugin from outside', () => {
  const boot = gatewaysOfSuite()

  test('serves patterned and raw routes, with its own configuration', async () => {
    const gateway = await boot({ plugins: [use(toy, { greeting: 'Good day' })] })
    const response = await gateway.fetch('/plugins/toy/Ada')
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(await response.json(), { greeting: 'Good day, Ada!', requestId: response.headers.get('x-request-id') })
    const stats = await json(gateway, '/plugins/toy/stats')
    assert.deepEqual(
      { ...stats, served: stats['served'] > 0 },
      { greeting: 'Good day', live: '', sockets: 0, connected: 0, disconnected: 0, served: true },
    )
    assert.equal((await gateway.fetch('/plugins/toy/Ada', { headers: { authorization: '' } })).status, 401)
    await gateway.close()
  })

  test('its WebSockets survive its replacement and hear the new greeting', async () => {
    const gateway = await boot({ plugins: [use(toy, { greeting: 'old' })] })
    const socket = await connect(gateway)
    assert.equal(await ask(socket, 'one'), 'old: one')
    for (const greeting of ['new', 'newer']) {
      const report = await gateway.reload({ plugins: [use(toy, { greeting })] })
      assert.equal(report.steps.find(({ name }) => name === 'toy')?.action, 'replace')
      assert.equal(await ask(socket, 'again'), `${greeting}: again`)
    }
    const live = await gateway.reload({ plugins: [use(toy, { greeting: 'newer', live: 'yes' })] })
    assert.equal(live.steps.find(({ name }) => name === 'toy')?.action, 'update')
    assert.equal((await json(gateway, '/plugins/toy/stats'))['live'], 'yes')
    const closed = once(socket, 'close')
    await gateway.close()
    assert.equal((await closed)[0], 1001)
  })

  test('a wrong value is refused by its path, and the running one stays', async () => {
    const gateway = await boot({ plugins: [use(toy, { greeting: 'old' })] })
    await assert.rejects(gateway.reload({ plugins: [use(toy, { greeting: 7 } as never)] }), /plugins\.entries\.toy\.config\.greeting/)
    assert.match((await json(gateway, '/plugins/toy/Ada'))['greeting'], /^old/)
    await gateway.close()
  })

  test('every fault that can be injected leaves the gateway and the other plugins serving', async () => {
    const { fault } = (faulty.schema as unknown as { properties: { fault: { enum: string[] } } }).properties
    const limits = { budgetsMs: { validate: 200, start: 200, ready: 200, authorize: 200, authenticate: 200, drain: 200, close: 200 } }
    // These end a whole process, or are about what a process leaves behind.
    const elsewhere = new Set(['throw-in-timer', 'reject-in-timer', 'leak-socket'])
    for (const name of fault.enum.filter((entry) => !elsewhere.has(entry))) {
      const gateway = await boot({
        plugins: [toy, use(faulty, { fault: name })],
        limits: { ...limits, drainMs: 200, closeDrainMs: 200 },
      })
      const guarded = /authorize|authenticate/.test(name)
      const [greeting] = await Promise.all([
        gateway.fetch('/plugins/toy/Ada'),
        gateway.fetch('/plugins/faulty/fault', { signal: AbortSignal.timeout(500) }).catch(() => undefined),
      ])
      assert.equal(greeting.status, name.endsWith('authorize') ? 403 : 200, `${name}${guarded ? ' denies' : ''}`)
      await gateway.close()
      assert.equal(gateway.inspect().state, 'closed', name)
    }
  })
})
