import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { keysOf, names, type Running, startRunning } from './running.js'

describe('devices', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  test('devices: the whole life of a pairing', async () => {
    const nothing = await running.call('devices', 'approve', '--latest')
    assert.deepEqual([nothing.code, nothing.stderr], [1, 'No pending device pairing requests to approve\n'])
    assert.match((await running.call('devices', 'approve', 'nosuch')).stderr, /^GatewayClientRequestError: unknown requestId\n$/)
    const { deviceId } = JSON.parse(readFileSync(join(running.sandbox.state, 'identity', 'device.json'), 'utf8'))
    const table = await running.call('devices', 'list')
    assert.match(table.stdout, new RegExp(`^Paired \\(1\\)\n(.*\n)+│ ${deviceId} +│ operator │ operator\\.admin,.*│ operator │ +│$`, 'm'))
    const { pending, paired } = await running.json('devices', 'list')
    assert.deepEqual([pending, paired.length, paired[0].deviceId, paired[0].tokens[0].role], [[], 1, deviceId, 'operator'])
    assert.equal(
      (await running.call('devices', 'rotate', '--device', deviceId)).stderr,
      "error: required option '--role <role>' not specified\n",
    )
    const narrow = ['--scope', 'operator.read', '--scope', 'operator.pairing']
    const rotated = JSON.parse((await running.call('devices', 'rotate', '--device', deviceId, '--role', 'operator', ...narrow)).stdout)
    assert.deepEqual(
      [keysOf(rotated), rotated.scopes],
      [names('deviceId role token scopes rotatedAtMs'), ['operator.pairing', 'operator.read']],
    )
    // Fewer scopes than the command line asks for: more have to be approved again, by whoever may write the files.
    const asked = await running.call('devices', 'list')
    assert.match(asked.stderr, /pairing required\nDirect scope access failed; using local fallback\.\n$/)
    assert.match(asked.stdout, /^Pending \(1\)$/m)
    const undecided = await running.call('devices', 'approve')
    assert.match(undecided.stderr, /error: pass a request id or --latest \(pending: [0-9a-f-]{36}\)\n$/)
    assert.match((await running.call('devices', 'approve', '--latest')).stdout, new RegExp(`^Approved ${deviceId} \\([0-9a-f-]{36}\\)\n$`))
    const back = await running.call('devices', 'list')
    assert.deepEqual([back.code, back.stderr], [0, ''])
    const revoked = JSON.parse((await running.call('devices', 'revoke', '--device', deviceId, '--role', 'operator')).stdout)
    assert.deepEqual(keysOf(revoked), names('deviceId role revokedAtMs'))
    const turned = await running.call('gateway', 'health')
    assert.match(
      turned.stderr,
      /^Error: gateway closed \(1008\): pairing required\nApprove it with: openclaw devices approve [0-9a-f-]{36}$/m,
    )
    assert.equal((await running.call('devices', 'approve', '--latest')).code, 0)
    const refused = await running.call('devices', 'clear')
    assert.deepEqual([refused.code, refused.stderr], [1, 'Refusing to clear pairing table without --yes\n'])
    assert.deepEqual(await running.json('devices', 'clear', '--yes', '--pending'), { removedDevices: [deviceId], rejectedPending: [] })
    assert.match((await running.call('devices', 'reject', 'x')).stderr, /pairing required/)
    assert.equal((await running.call('devices', 'approve', '--latest')).code, 0)
    assert.match((await running.call('devices', 'reject', 'nosuch')).stderr, /^GatewayClientRequestError: unknown requestId\n$/)
    assert.equal((await running.call('devices', 'remove', deviceId)).stdout, `Removed ${deviceId}\n`)
    assert.equal((await running.call('devices', 'approve', '--latest')).code, 0)
  })
})
