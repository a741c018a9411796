import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { installThirdParty, repository, type ThirdParty } from '../support/third-party.js'

const run = promisify(execFile)

describe('a plugin that fails', () => {
  let faulty: ThirdParty
  let gateway: GatewayProcess
  const configuration = (fault: string) => ({
    limits: { budgetsMs: { authorize: 200, authenticate: 200, served: 200 } },
    plugins: { load: { paths: [faulty.folder] }, entries: { faulty: { enabled: true, config: { fault } } } },
  })
  const inspect = async () => {
    const { stdout } = await run(process.execPath, [join(repository, 'dist/cli.js'), 'plugins', 'inspect', 'faulty', '--json'], {
      env: { PATH: process.env['PATH'], HOME: gateway.folder, OPENCLAW_STATE_DIR: gateway.folder },
    })
    return JSON.parse(stdout) as {
      status: string
      running: { faults?: { total: number; last?: { hook: string; message: string } } } | null
    }
  }
  const change = async (fault: string) => {
    const from = gateway.output().length
    await gateway.writeConfig(configuration(fault))
    await gateway.printed(/config hot reload applied|config reload/, from)
  }
  const serves = async () => {
    assert.equal((await gateway.fetch('/health')).status, 200)
    assert.equal((await gateway.fetch('/v1/models')).status, 200)
  }
  let pid: number

  before(async () => {
    faulty = await installThirdParty('openclaw-plugin-faulty')
    gateway = await startGatewayProcess(configuration('none'))
    pid = (await gateway.inspect()).pid
  })
  after(async () => {
    await gateway?.stop()
    await faulty?.remove()
  })

  for (const [fault, hook] of [
    ['throw-route', /route/],
    ['reject-route', /route/],
    ['throw-served', /served/],
    ['reject-in-timer', /unhandled rejection/],
  ] as const) {
    test(`T-DOS-14 ${fault}: plugins inspect --json names it, everything else serves, same pid`, async () => {
      await change(fault)
      if (fault.endsWith('route')) assert.equal((await gateway.fetch('/plugins/faulty/fault')).status, 500)
      await serves()
      await new Promise((resolve) => setTimeout(resolve, 100))
      const { running } = await inspect()
      assert.ok((running?.faults?.total ?? 0) > 0, JSON.stringify(running))
      assert.match(running?.faults?.last?.hook ?? '', hook)
      assert.match(running?.faults?.last?.message ?? '', /"faulty".*boom/)
      await serves()
      assert.equal((await gateway.inspect()).pid, pid)
    })
  }

  test('five failures quarantine the plugin: its routes answer 503, the others serve', async () => {
    await change('throw-route')
    for (let n = 0; n < 6; n++) await gateway.fetch('/plugins/faulty/fault')
    assert.equal((await gateway.fetch('/plugins/faulty/ping')).status, 503)
    assert.equal((await inspect()).status, 'quarantined')
    await serves()
  })

  test('a route that hangs holds nobody else up', async () => {
    await change('hang-route')
    const hanging = new AbortController()
    const hung = gateway.fetch('/plugins/faulty/fault', { signal: hanging.signal }).catch(() => 'aborted')
    await serves()
    hanging.abort()
    assert.equal(await hung, 'aborted')
  })

  for (const fault of ['throw-authorize', 'reject-authorize', 'hang-authorize']) {
    test(`${fault}: everything it guards is denied, probes answer, it is named, and taking it out heals`, async () => {
      await change(fault)
      for (let n = 0; n < 6; n++) assert.equal((await gateway.fetch('/v1/models')).status, 403)
      assert.equal((await gateway.fetch('/health')).status, 200)
      assert.equal((await inspect()).status, 'failing', 'named by the readiness probe, as the inspection itself is denied')
      assert.equal((await gateway.fetch('/v1/models')).status, 403, 'quarantine does not open the door')
      await change('none')
      await serves()
      assert.equal((await gateway.inspect()).pid, pid)
    })
  }

  test('what fails to start is named at once, and the rest of the boot goes on', async () => {
    const other = await startGatewayProcess(configuration('fail-start'))
    const state = (await other.inspect()).plugins.find(({ name }) => name === 'faulty')
    assert.equal(state?.state, 'failed')
    assert.match(state?.reason ?? '', /boom in start/)
    assert.match(other.output(), /faulty/)
    assert.equal((await other.fetch('/v1/models')).status, 200)
    assert.equal((await other.fetch('/readyz')).status, 503)
    assert.equal(await other.stop(), 0)
  })
})
