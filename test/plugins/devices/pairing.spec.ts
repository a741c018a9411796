import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, mock, test } from 'node:test'
import type { Admission, Device, DeviceClaim } from '../../../plugins/contracts/devices.js'
import { bootDevices, type Booted, dropStates, everyScope, newClaim, newState } from './boot.js'

after(dropStates)

const admitted = (admission: Admission) => {
  if (!admission.admitted) assert.fail(`not admitted: ${admission.reason}`)
  return admission.token as NonNullable<typeof admission.token>
}
const refused = (admission: Admission) => {
  if (admission.admitted) assert.fail('it was admitted')
  return admission
}
const askFor = async ({ devices }: Booted, claim: DeviceClaim) => refused(await devices.admit(claim, false)).requestId
const remote = (address: string, change: Partial<DeviceClaim> = {}) => newClaim({ remoteIp: address, ...change })
const approve = (booted: Booted, requestId: string, scopes?: readonly string[]) => booted.call('device.pair.approve', { requestId }, scopes)
const unknownRequest = { code: 'INVALID_REQUEST', message: 'unknown requestId' }

/** The clock stands still and is moved by hand. */
function clock(t: { after(undo: () => void): void }, now = 1_700_000_000_000) {
  mock.timers.enable({ apis: ['Date'], now })
  t.after(() => mock.timers.reset())
  return (ms: number) => mock.timers.tick(ms)
}

describe('pairing', () => {
  test('a local device is approved in silence and has the same token each time', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = newClaim({ scopes: ['operator.admin', 'operator.pairing'] })
    const token = admitted(await booted.devices.admit(claim, true))
    assert.match(token.deviceToken, /^[\w-]{43}$/)
    assert.deepEqual(token.scopes, ['operator.admin', 'operator.pairing', 'operator.read', 'operator.write'])
    assert.deepEqual(admitted(await booted.devices.admit({ ...claim, scopes: ['operator.read'] }, false)), token)
    assert.equal(booted.devices.verify(claim, token.deviceToken), true)
    assert.deepEqual(
      booted.published.map(({ event, payload }) => [event, (payload as any).decision]),
      [['device.pair.resolved', 'approved']],
    )
    assert.deepEqual(booted.changes, [claim.deviceId])
  })

  test('two first connections at once are one pairing', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = newClaim()
    const [one, two] = await Promise.all([booted.devices.admit(claim, true), booted.devices.admit(claim, true)])
    assert.deepEqual(admitted(one), admitted(two))
    assert.equal(booted.published.length, 1)
  })

  test('the same request again is renewed, another one takes its place and takes it in', async (t) => {
    const tick = clock(t)
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = remote('10.0.0.1', { scopes: ['operator.read'] })
    const first = await askFor(booted, claim)
    tick(200_000)
    assert.equal(await askFor(booted, { ...claim, client: { ...claim.client, displayName: 'Phone' } }), first)
    assert.equal(booted.published.length, 1, 'a renewed request is not announced again')
    tick(200_000)
    const [pending] = (await booted.call('device.pair.list')).pending
    assert.deepEqual([pending.requestId, pending.displayName], [first, 'Phone'], 'renewed, so it is still open')
    const second = await askFor(booted, { ...claim, scopes: ['operator.pairing'] })
    const third = await askFor(booted, { ...claim, role: 'node', scopes: [] })
    assert.equal(new Set([first, second, third]).size, 3)
    const { pending: open } = await booted.call('device.pair.list')
    assert.deepEqual(
      open.map(({ requestId, role, roles, scopes }: any) => ({ requestId, role, roles, scopes })),
      [{ requestId: third, role: 'node', roles: ['node', 'operator'], scopes: ['operator.pairing', 'operator.read'] }],
    )
    await assert.rejects(approve(booted, first), unknownRequest)
    const { device } = await approve(booted, third)
    assert.deepEqual(
      [device.roles, device.scopes],
      [
        ['node', 'operator'],
        ['operator.pairing', 'operator.read'],
      ],
    ) // prettier-ignore
    assert.equal(booted.published.filter(({ event }) => event === 'device.pair.requested').length, 3)
  })

  test('a request from another platform is another request: nobody approves what they did not see', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = remote('10.0.0.1', { client: { id: 'node-host', mode: 'node', platform: 'ios' } })
    const first = await askFor(booted, claim)
    await askFor(booted, { ...claim, client: { ...claim.client, platform: 'linux' } })
    await assert.rejects(approve(booted, first), unknownRequest)
  })

  test('the fourth open request from an address is answered and not kept', async (t) => {
    const tick = clock(t)
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claims = Array.from({ length: 4 }, () => remote('10.0.0.1'))
    for (const claim of claims) assert.match(await askFor(booted, claim), /^[0-9a-f-]{36}$/)
    await askFor(booted, remote('10.0.0.2'))
    const pending = async () => (await booted.call('device.pair.list')).pending.map(({ deviceId }: any) => deviceId)
    const kept = await pending()
    assert.equal(kept.length, 4)
    assert.equal(kept.includes(claims[3]?.deviceId), false)
    assert.equal(booted.published.length, 4, 'nobody is told of it')
    await askFor(booted, { ...(claims[0] as DeviceClaim), scopes: ['operator.write'] })
    assert.equal((await pending()).length, 4, 'in place of its own there is always room')
    tick(300_000)
    assert.deepEqual(await pending(), [])
    await askFor(booted, claims[3] as DeviceClaim)
    assert.equal((await pending()).length, 1, 'room again')
  })

  test('300 open requests are kept, and no more', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    await Promise.all(Array.from({ length: 305 }, (_, at) => booted.devices.admit(remote(`10.1.${at >> 8}.${at & 255}`), false)))
    assert.equal((await booted.call('device.pair.list')).pending.length, 300)
  })

  test('T-SCOPE-04 more is a request while the old grant goes on; fewer and renamed change nothing', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = remote('10.0.0.1', { scopes: ['operator.read', 'operator.approvals'] })
    await approve(booted, await askFor(booted, claim))
    const [before] = booted.devices.list() as [Device]
    const token = admitted(await booted.devices.admit(claim, false))
    assert.equal(refused(await booted.devices.admit({ ...claim, scopes: ['operator.admin'] }, false)).reason, 'scope-upgrade')
    assert.deepEqual(booted.devices.granted(claim.deviceId, 'operator'), before.scopes)
    assert.equal(booted.devices.verify(claim, token.deviceToken), true)
    assert.equal(booted.devices.verify({ ...claim, scopes: ['operator.admin'] }, token.deviceToken), false)
    assert.deepEqual(admitted(await booted.devices.admit({ ...claim, scopes: [] }, false)), token)
    const renamed = {
      ...claim,
      remoteIp: '10.9.9.9',
      client: { id: 'gateway-client', mode: 'ui', platform: 'LINUX ', displayName: 'Renamed', deviceFamily: 'Desk' },
    } // prettier-ignore
    assert.deepEqual(admitted(await booted.devices.admit(renamed, false)), token)
    const [now] = booted.devices.list()
    assert.deepEqual(
      { ...now, tokens: [] },
      { ...before, clientId: 'gateway-client', clientMode: 'ui', displayName: 'Renamed', remoteIp: '10.9.9.9', tokens: [] },
      'what was pinned at the approval stays',
    )
    const moved = { ...claim, client: { ...claim.client, platform: 'darwin' } }
    assert.equal(refused(await booted.devices.admit(moved, true)).reason, 'metadata-upgrade')
    const [{ isRepair, requestId, platform }] = (await booted.call('device.pair.list')).pending
    assert.deepEqual([isRepair, platform], [true, 'darwin'])
    await approve(booted, requestId)
    admitted(await booted.devices.admit(moved, false))
  })
})

describe('a pairing request', () => {
  test('T-AUTH-10 is used up by its approval: no replay, no double use, not after it expired or was rejected', async (t) => {
    const tick = clock(t)
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const twice = await askFor(booted, remote('10.0.0.1'))
    const results = await Promise.allSettled([approve(booted, twice), approve(booted, twice), approve(booted, twice)])
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
    for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.message, 'unknown requestId')
    await assert.rejects(approve(booted, twice), unknownRequest)
    await assert.rejects(booted.call('device.pair.reject', { requestId: twice }), unknownRequest)

    const late = await askFor(booted, remote('10.0.0.1'))
    tick(299_999)
    assert.equal((await booted.call('device.pair.list')).pending.length, 1)
    tick(1)
    await assert.rejects(approve(booted, late), unknownRequest)
    await assert.rejects(approve(booted, randomUUID()), unknownRequest)

    const rejected = await askFor(booted, remote('10.0.0.1'))
    await booted.call('device.pair.reject', { requestId: rejected })
    await assert.rejects(approve(booted, rejected), unknownRequest)
  })

  test('T-AUTH-10 is of use to the device key that made it alone', async (t) => {
    const booted = await bootDevices()
    t.after(() => booted.gateway.close())
    const claim = remote('10.0.0.1')
    await approve(booted, await askFor(booted, claim))
    const token = admitted(await booted.devices.admit(claim, false))
    const thief = { ...claim, publicKey: newClaim().publicKey }
    assert.equal(refused(await booted.devices.admit(thief, true)).reason, 'not-paired')
    assert.equal(booted.devices.verify(thief, token.deviceToken), false)
    assert.equal(booted.devices.verify({ ...newClaim(), scopes: claim.scopes }, token.deviceToken), false)
    admitted(await booted.devices.admit(claim, false))
  })

  test('T-AUTH-10 survives a reload and a restart once, and is dead when its device was removed or revoked', async (t) => {
    const state = await newState()
    const first = await bootDevices(state)
    t.after(() => first.gateway.close())
    const [used, open] = [remote('10.0.0.1'), remote('10.0.0.1', { scopes: everyScope })]
    const [usedId, openId] = [await askFor(first, used), await askFor(first, open)]
    await approve(first, usedId)
    await first.replace()
    await assert.rejects(approve(first, usedId), unknownRequest)
    await first.gateway.close()

    const second = await bootDevices(state)
    t.after(() => second.gateway.close())
    await assert.rejects(approve(second, usedId), unknownRequest)
    await approve(second, openId)
    for (const end of ['device.pair.remove', 'device.token.revoke']) {
      const claim = remote('10.0.0.1', { scopes: ['operator.read'] })
      await approve(second, await askFor(second, claim))
      const more = await askFor(second, { ...claim, scopes: ['operator.write'] })
      await second.call(end, { deviceId: claim.deviceId, role: 'operator' })
      await assert.rejects(approve(second, more), unknownRequest, end)
      assert.deepEqual(
        (second.published.at(-1) as { payload: any }).payload.decision,
        'rejected',
        'whoever shows it learns that it is gone',
      )
    }
  })
})

describe('what was taken', () => {
  const takings: Record<string, (booted: Booted, claim: DeviceClaim) => Promise<unknown>> = {
    removed: (booted, { deviceId }) => booted.call('device.pair.remove', { deviceId }),
    revoked: (booted, { deviceId }) => booted.call('device.token.revoke', { deviceId, role: 'operator' }),
    rejected: async (booted, claim) => {
      const requestId = await askFor(booted, { ...claim, scopes: ['operator.admin'] })
      await booted.call('device.pair.reject', { requestId })
    },
    narrowed: (booted, { deviceId }) => booted.call('device.token.rotate', { deviceId, role: 'operator', scopes: ['operator.read'] }),
  }
  const orders = [
    ['reload', 'restart', 'reconnect'],
    ['reconnect', 'reload', 'restart'],
    ['restart', 'reconnect', 'reload'],
    ['reconnect', 'restart', 'reload'],
    ['reload', 'reconnect', 'restart'],
    ['restart', 'reload', 'reconnect'],
  ]
  for (const [what, take] of Object.entries(takings))
    test(`T-SCOPE-05 a device that was ${what} is never approved in silence again, whatever happens in between`, async (t) => {
      const state = await newState()
      let booted = await bootDevices(state)
      t.after(() => booted.gateway.close())
      for (const order of orders) {
        const claim = newClaim({ scopes: ['operator.read', 'operator.write'] })
        const old = admitted(await booted.devices.admit(claim, true))
        await take(booted, claim)
        const more = { ...claim, scopes: [...claim.scopes, 'operator.approvals'] }
        for (const step of order) {
          if (step === 'reload') await booted.replace()
          if (step === 'restart') {
            await booted.gateway.close()
            booted = await bootDevices(state)
          }
          assert.equal((await booted.devices.admit(more, true)).admitted, false, `${order.join(', ')}: ${step}`)
          assert.equal(booted.devices.verify(claim, old.deviceToken), what === 'rejected', `${order.join(', ')}: its token`)
        }
        // Only somebody who says so brings it back, and that does not bring back the silence.
        await approve(booted, refused(await booted.devices.admit(more, true)).requestId)
        assert.notEqual(admitted(await booted.devices.admit(more, true)).deviceToken, old.deviceToken)
        assert.equal(booted.devices.verify(claim, old.deviceToken), false)
        assert.equal((await booted.devices.admit({ ...claim, scopes: everyScope }, true)).admitted, false, 'after it was paired again')
        await booted.call('device.pair.remove', { deviceId: claim.deviceId })
        assert.equal((await booted.devices.admit(claim, true)).admitted, false)
        await booted.call('device.pair.reject', { requestId: refused(await booted.devices.admit(claim, true)).requestId })
      }
    })
})
