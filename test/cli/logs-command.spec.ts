import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { keysOf, names, type Running, startRunning } from './running.js'
import { token } from './sandbox.js'

describe('logs', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  test('logs as text and as JSON lines', async () => {
    const text = await running.call('logs')
    assert.match(text.stdout, /^Log file: .*gateway\.jsonl\n/)
    assert.match(text.stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z info devices device pairing auto-approved device=[0-9a-f]{64} role=operator/m)
    assert.match((await running.call('logs', '--local-time')).stdout, /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d info devices device pairing/m)
    const lines = (await running.call('logs', '--json', '--limit', '3')).stdout.trim().split('\n')
    const [meta, ...entries] = lines.map((line) => JSON.parse(line))
    assert.deepEqual(keysOf(meta), names('type file cursor size'))
    const logged = entries.filter(({ type }) => type === 'log')
    assert.ok(logged.length > 0)
    for (const entry of logged) assert.deepEqual(keysOf(entry), names('type time level subsystem message raw'))
    assert.match((await running.call('logs', '--limit', '0')).stderr, /^Invalid --limit \(use 1 to 5000\)\n$/)
    const denied = await running.call('logs', '--token', 'wrong-for-sure')
    assert.equal(denied.code, 1)
    assert.match(
      denied.stderr,
      /^Gateway not reachable\. Is it running and accessible\?\ngateway closed \(1008\): unauthorized(.*\n)+Hint: run /m,
    )
  })

  test('logs --follow goes on over a restart, and ends when nobody reads', async () => {
    const reader = running.sandbox.start(['logs', '--follow', '--interval', '30', '--limit', '5'])
    await reader.printed(/^Log file: /m)
    await running.gateway.stop()
    await reader.printed(/^Gateway connection lost; waiting for it to come back\.$/m)
    const before = reader.output().length
    await running.restart()
    await reader.printed(/^Gateway is back\.$/m, before)
    assert.equal((await running.call('gateway', 'health', '--token', 'wrong-for-sure')).code, 1)
    await reader.printed(/warn gateway authentication failed /, before)
    assert.equal(reader.output().match(/connection lost/g)?.length, 1)
    reader.process.stdout?.destroy()
    const url = `http://127.0.0.1:${running.port}/v1/models`
    await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const { code, stderr } = await reader.finished
    assert.equal(code, 0)
    assert.match(stderr, /^openclaw logs: output stdout closed \(EPIPE\)\. Stopping tail\.$/m)
  })
})
