import assert from 'node:assert/strict'
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, mock, test } from 'node:test'
import type { Log } from 'openclaw/plugin'
import type { Database } from '../../../plugins/contracts/store.js'
import { Registry } from '../../../plugins/devices/registry.js'
import { isWellFormed, loadKey } from '../../../plugins/devices/token.js'
import { bootDevices, dropStates, everyScope, newClaim, newState, strangeToken } from './boot.js'

after(dropStates)

async function pair(booted: Awaited<ReturnType<typeof bootDevices>>, claim = newClaim({ scopes: everyScope })) {
  const admission = await booted.devices.admit(claim, true)
  return { claim, token: (admission.admitted && admission.token?.deviceToken) || assert.fail('not admitted') }
}

describe('device tokens', () => {
  test('T-AUTH-04 no file of the state directory holds one, and a copy of the database is of no use without the key', async (t) => {
    const state = await newState()
    const booted = await bootDevices(state)
    t.after(() => booted.gateway.close())
    const { claim, token } = await pair(booted)
    const node = await pair(booted, newClaim({ role: 'node', scopes: [] }))
    const rotated = await booted.call('device.token.rotate', { deviceId: claim.deviceId, role: 'operator' })
    await booted.gateway.close()
    const files = await readdir(state, { recursive: true, withFileTypes: true })
    const contents = await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))))
    assert.ok(
      contents.some((content) => content.includes(claim.deviceId)),
      'the register is among them',
    ) // prettier-ignore
    for (const secret of [token, node.token, rotated.token])
      for (const form of [secret, Buffer.from(secret, 'base64url'), Buffer.from(secret, 'base64url').toString('hex')])
        assert.equal(
          contents.some((content) => content.includes(form)),
          false,
        )
    await rm(join(state, 'identity'), { recursive: true })
    const copy = await bootDevices(state)
    t.after(() => copy.gateway.close())
    assert.equal(copy.devices.verify(claim, rotated.token), false)
    assert.notEqual((await pair(copy, claim)).token, rotated.token)
  })

  test('T-AUTH-04 what was never issued is refused before anything is looked up', () => {
    const lookups: string[] = []
    const database = { sql: (text: string) => lookups.push(text) } as unknown as Database
    const registry = new Registry({ database, log: {} as Log, key: Buffer.alloc(32), listeners: new Set(), publish: () => undefined })
    const good = strangeToken()
    assert.equal(isWellFormed(good), true)
    for (const bad of [
      '',
      'undefined',
      good.slice(1),
      `${good}A`,
      `${good.slice(0, 42)}B`,
      good.replace(/.$/, '='),
      ` ${good}`,
      `${good}\n`,
      good.replace(/^./, '+'),
      'x'.repeat(100_000),
    ]) // prettier-ignore
      assert.equal(registry.verify(newClaim(), bad), false, JSON.stringify(bad.slice(0, 50)))
    assert.deepEqual(lookups, [])
    assert.throws(() => registry.verify(newClaim(), good), 'a well-formed one is looked up')
    assert.equal(lookups.length, 1)
  })

  test('one is good for its device, its role and what it was given', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const { claim, token } = await pair(booted, newClaim({ scopes: ['operator.write'] }))
    const other = await pair(booted)
    const { verify } = booted.devices
    assert.equal(verify(claim, token), true)
    assert.equal(verify({ ...claim, scopes: ['operator.read', 'no.such.scope'] }, token), true)
    assert.equal(verify({ ...claim, scopes: ['operator.pairing'] }, token), false)
    assert.equal(verify({ ...claim, role: 'node', scopes: [] }, token), false)
    assert.equal(verify(other.claim, token), false)
    assert.equal(verify({ ...claim, publicKey: other.claim.publicKey }, token), false)
    assert.equal(verify(claim, strangeToken()), false)
  })

  test('it is the same after a reload and a restart, in memory after a reload', async (t) => {
    const state = await newState()
    const first = await bootDevices(state)
    t.after(() => first.gateway.close())
    const { claim, token } = await pair(first)
    await first.replace()
    assert.equal(first.devices.verify(claim, token), true)
    await first.gateway.close()
    const second = await bootDevices(state)
    t.after(() => second.gateway.close())
    assert.equal((await pair(second, claim)).token, token)
    const memory = await bootDevices()
    t.after(() => memory.gateway.close())
    const own = await pair(memory)
    await memory.replace()
    assert.equal((await pair(memory, own.claim)).token, own.token)
    assert.equal(memory.devices.verify(own.claim, own.token), true)
  })

  test('its last use is noted once a minute at most', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    t.after(() => mock.timers.reset())
    const { claim, token } = await pair(booted)
    const used = () => booted.devices.list().find(({ deviceId }) => deviceId === claim.deviceId)?.tokens[0]?.lastUsedAtMs
    /** A write after it: what was asked for before is on disk. */
    const settled = () => booted.devices.admit(newClaim(), true)
    assert.equal(used(), undefined)
    for (const [waitMs, expected] of [
      [0, 0],
      [59_999, 0],
      [1, 60_000],
    ] as const) {
      // prettier-ignore
      mock.timers.tick(waitMs)
      assert.equal(booted.devices.verify(claim, token), true)
      await settled()
      assert.equal(used(), 1_700_000_000_000 + expected)
    }
  })
})

describe('the key of the tokens', () => {
  test('it is made once, for this user alone, also by several starts at a time', async () => {
    const state = await newState()
    const path = join(state, 'identity', 'device-token.key')
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadKey(state)))
    assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1)
    assert.equal(keys[0]?.length, 32)
    assert.deepEqual(await readdir(join(state, 'identity')), ['device-token.key'])
    if (process.platform !== 'win32') {
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.equal((await stat(join(state, 'identity'))).mode & 0o777, 0o700)
      await chmod(path, 0o644)
      assert.deepEqual(await loadKey(state), keys[0])
      assert.equal((await stat(path)).mode & 0o777, 0o600)
    }
  })

  test('a damaged one is told with its path and the remedy, and left as it is', async () => {
    const state = await newState()
    await loadKey(state)
    const path = join(state, 'identity', 'device-token.key')
    await writeFile(path, 'short')
    await assert.rejects(loadKey(state), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'device_key_failed')
      assert.ok(error.message.includes(path) && error.message.includes('move it away'))
      return true
    })
    assert.equal(await readFile(path, 'utf8'), 'short')
  })
})
