import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { keysOf, names, type Running, startRunning } from './running.js'
import { token } from './sandbox.js'

describe('health and status', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  test('health and status, for people and as JSON', async () => {
    const health = await running.call('health')
    assert.match(health.stdout, /^Agents: main \(default\)\nHeartbeat interval: .*\nSession store \(main\): .* \(\d+ entries\)\n/)
    assert.match(
      (await running.call('health', '--verbose')).stdout,
      /^Gateway connection:\n {2}Gateway target: ws:.*\n {2}Source: local loopback\n/,
    )
    assert.equal((await running.json('health')).ok, true)
    const plain = await running.call('status')
    assert.deepEqual([plain.code, plain.stderr], [0, ''])
    assert.match(plain.stdout, /^OpenClaw status\n\nOverview\n/)
    assert.match(plain.stdout, /│ Gateway +│ local · ws:\/\/127\.0\.0\.1:\d+ \(local loopback\) · reachable \d+ms · auth token · /)
    assert.match(plain.stdout, /Need to test channels\? openclaw status --deep\n$/)
    const all = await running.call('status', '--all')
    assert.match(all.stdout, /^✓ Gateway answers$/m)
    assert.match(all.stdout, /Pasteable debug report\. Auth tokens redacted\.\n$/)
    assert.ok(!all.stdout.includes(token))
    const document = await running.json('status')
    const keys =
      'runtimeVersion heartbeat channelSummary queuedSystemEvents sessions os update updateChannel updateChannelSource memory ' +
      'memoryPlugin gateway gatewayService nodeService agents secretDiagnostics'
    assert.deepEqual(keysOf(document), names(keys))
    assert.deepEqual(keysOf(document.gateway), names('mode url urlSource misconfigured reachable connectLatencyMs self error authWarning'))
    assert.deepEqual(keysOf(document.sessions), names('paths count defaults recent byAgent'))
    assert.deepEqual(keysOf(document.agents), names('defaultId agents totalSessions bootstrapPendingCount'))
    assert.deepEqual([document.gateway.reachable, document.gateway.error], [true, null])
    const deep = await running.json('status', '--deep')
    assert.deepEqual([deep.health.ok, deep.lastHeartbeat], [true, null])
    const denied = await running.call('status', '--token', 'wrong-for-sure')
    assert.equal(denied.code, 0)
    assert.match(
      denied.stdout.replace(/ *│\n│ +│ /g, ' '),
      /unreachable \(connect failed: unauthorized: gateway token mismatch \(provide gateway auth token\)\)/,
    )
  })
})
