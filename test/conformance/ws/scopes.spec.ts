import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { covers, definePlugin, type Principal } from 'openclaw/plugin'
import { bootControl, type Control, scopeNames, scopedMethods } from '../../support/control.js'
import { secret } from '../../support/control-modes.js'
import { connect, connectOperator, createDevice, type Device } from '../../support/operator.js'
import { seeded } from '../../support/random.js'

let control: Control
before(async () => {
  const auth = { mode: 'token', token: secret, rateLimit: { exemptLoopback: true } } as const
  control = await bootControl({ gateway: { port: 0, auth }, methods: scopedMethods })
})
after(() => control.gateway.close())

const claimOf = ({ id, publicKey }: Device, scopes: readonly string[]) => ({ deviceId: id, publicKey, role: 'operator' as const, scopes })
const subset = (random: () => number) => scopeNames.filter(() => random() < 0.4)

describe('scopes', () => {
  test('T-SCOPE-01 §2.8 §5.2 whatever a device asks for, it can do no more than it was granted, and no more than it asked for', async () => {
    const random = seeded(7)
    for (let round = 0; round < 60; round++) {
      const [granted, asked] = [subset(random), subset(random)]
      const device = createDevice()
      const { deviceToken } = control.devices.grant(claimOf(device, granted))
      const headers = { 'x-openclaw-scopes': 'operator.admin', 'x-scopes': '*' }
      const { wire, answer } = await connect(control.url, { device, scopes: asked, auth: { deviceToken }, headers })
      assert.equal(
        answer.ok,
        asked.every((scope) => covers(granted, scope)),
        `${asked} of ${granted}`,
      )
      if (!answer.ok) continue
      for (const scope of scopeNames) {
        const { ok } = await wire.request(`needs ${scope}`)
        assert.equal(ok, covers(asked, scope))
        assert.ok(!ok || covers(granted, scope), 'effective is within the grant')
      }
      wire.socket.terminate()
    }
  })

  test('T-SCOPE-01 a principal whose own scopes are narrower limits every device that it lets in', async () => {
    const narrow: Principal = { kind: 'user', id: 'guest', scopes: ['operator.write'] }
    const vouch = definePlugin({ api: 1, name: 'vouch', apply: (kernel) => kernel.hooks.authenticate.tap(() => narrow) })
    const own = await bootControl({
      methods: scopedMethods,
      plugins: [vouch],
      gateway: { port: 0, auth: { mode: 'trusted-proxy' }, trustedProxies: ['127.0.0.1'] },
    })
    const device = createDevice()
    own.devices.grant(claimOf(device, scopeNames))
    const wire = await connectOperator(own.url, { device, scopes: scopeNames })
    for (const scope of scopeNames) assert.equal((await wire.request(`needs ${scope}`)).ok, covers(narrow.scopes, scope), scope)
    await own.gateway.close()
  })
})
