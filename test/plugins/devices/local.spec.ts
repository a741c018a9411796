import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openLocalPairing } from '../../../plugins/devices/local.js'
import { openBeside } from '../../../plugins/store/beside.js'
import { loadDriver } from '../../../plugins/store/driver.js'
import { bootDevices, dropStates, everyScope, newClaim, newState } from './boot.js'

after(dropStates)

const openFile = (path: string) => openBeside(path, false)

describe('pairing without a connection', () => {
  test('another process lists and approves while the gateway runs, and the gateway sees it', async (t) => {
    const state = await newState()
    const booted = await bootDevices(state)
    t.after(() => booted.gateway.close())
    const claim = newClaim({ scopes: everyScope, remoteIp: '10.0.0.1' })
    const asked = await booted.devices.admit(claim, false)
    const requestId = asked.admitted ? assert.fail('admitted') : asked.requestId
    const script = `
      import { openLocalPairing } from ${JSON.stringify(fileURLToPath(new URL('../../../plugins/devices/local.ts', import.meta.url)))}
      import { openBeside } from ${JSON.stringify(fileURLToPath(new URL('../../../plugins/store/beside.ts', import.meta.url)))}
      const pairing = await openLocalPairing(${JSON.stringify(state)}, (path) => openBeside(path, false))
      const before = pairing.list()
      const approved = pairing.approve(${JSON.stringify(requestId)})
      process.stdout.write(JSON.stringify({ before, approved, after: pairing.list() }))
      pairing.close()`
    const child = spawn(process.execPath, ['-C', 'openclaw-source', '--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    const [code] = await once(child, 'close')
    assert.equal(code, 0)
    const { before, approved, after } = JSON.parse(out)
    assert.deepEqual(
      before.pending.map((request: any) => request.requestId),
      [requestId],
    ) // prettier-ignore
    assert.equal(approved.device.deviceId, claim.deviceId)
    assert.deepEqual([after.pending, after.paired], [[], [approved.device]])
    assert.deepEqual(await booted.call('device.pair.list'), after)
    const admission = await booted.devices.admit(claim, false)
    assert.ok(admission.admitted && booted.devices.verify(claim, admission.token?.deviceToken as string))
  })

  test('T-AUTH-10 of two that approve at once, one in each process, one wins', async (t) => {
    const state = await newState()
    const booted = await bootDevices(state)
    t.after(() => booted.gateway.close())
    const pairing = await openLocalPairing(state, openFile)
    t.after(() => pairing.close())
    for (let round = 0; round < 10; round++) {
      const asked = await booted.devices.admit(newClaim({ remoteIp: '10.0.0.1' }), false)
      const requestId = asked.admitted ? assert.fail('admitted') : asked.requestId
      const [here, there] = await Promise.allSettled([
        booted.call('device.pair.approve', { requestId }),
        Promise.resolve().then(() => pairing.approve(requestId)),
      ])
      assert.deepEqual([here.status, there.status].sort(), ['fulfilled', 'rejected'])
      assert.throws(() => pairing.approve(requestId), { code: 'INVALID_REQUEST', message: 'unknown requestId' })
    }
    assert.equal(pairing.list().paired.length, 10)
  })

  test('where there is no register nobody asks, and nothing is made', async () => {
    const state = await newState()
    const pairing = await openLocalPairing(state, openFile)
    assert.deepEqual(pairing.list(), { pending: [], paired: [] })
    assert.throws(() => pairing.approve('x'), { message: 'unknown requestId' })
    pairing.close()
    assert.deepEqual(await readdir(state), [])
  })

  test('a file of another version, or of another kind, is refused with the remedy', async () => {
    const state = await newState()
    const path = join(state, 'devices.sqlite')
    const Driver = await loadDriver()
    for (const [version, code, remedy] of [
      [99, 'store_newer', /Use the version/],
      [0, 'store_older', /Start the gateway once/],
    ] as const) {
      // prettier-ignore
      const driver = new Driver(path)
      driver.exec(`CREATE TABLE IF NOT EXISTS x (y); PRAGMA user_version = ${version}`)
      driver.close()
      await assert.rejects(openLocalPairing(state, openFile), (error: Error & { code?: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, remedy)
        return error.message.includes(path)
      })
    }
    await writeFile(path, 'not a database at all, but long enough to look at'.repeat(100))
    await assert.rejects(openLocalPairing(state, openFile), { code: 'store_failed' })
  })
})
