import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootInMode, proxyHeaders, secret } from '../../support/control-modes.js'
import { modes } from '../../support/modes.js'
import { connect, type ConnectOptions } from '../../support/operator.js'

type Booted = Awaited<ReturnType<typeof bootInMode>>
const booted: Partial<Record<(typeof modes)[number], Booted>> = {}
before(async () => {
  for (const mode of modes)
    booted[mode] = await bootInMode(mode, {
      gateway: { auth: { rateLimit: { exemptLoopback: true } } },
      methods: { health: { scope: null, handler: () => 'fine' }, 'test.read': { scope: 'operator.read', handler: () => 1 } },
    })
})
after(() => Promise.all(Object.values(booted).map(({ gateway }) => gateway.close())))

const controlUi = (mode: string) => ({ client: { id: 'openclaw-control-ui', mode: 'webchat' }, ...originOf(mode) })
const originOf = (mode: string) => ({
  headers: { origin: 'http://localhost:5173', ...(mode === 'trusted-proxy' && { ...proxyHeaders, 'x-forwarded-host': 'localhost' }) },
})

async function refusal(mode: (typeof modes)[number], options: ConnectOptions) {
  const { wire, answer } = await connect((booted[mode] as Booted).url, options)
  const { code, reason } = await wire.closed
  assert.equal(code, 1008)
  assert.ok(answer.error?.message.startsWith(reason))
  return { code: answer.error?.code, message: answer.error?.message, details: answer.error?.details }
}
const deviceRequired = { code: 'NOT_PAIRED', message: 'device identity required', details: { code: 'DEVICE_IDENTITY_REQUIRED' } }

describe('connections without a device', () => {
  test('§2.7 §10 the shared credential lets an operator in with no scope at all: `health` works, everything else misses its scope', async () => {
    for (const mode of ['token', 'password', 'trusted-proxy'] as const) {
      const { url, proof } = booted[mode] as Booted
      const { wire, answer } = await connect(url, { ...proof })
      assert.equal(answer.payload.type, 'hello-ok', mode)
      assert.ok(!('auth' in answer.payload), '§2.10 no device, no device token')
      assert.equal((await wire.request('health')).payload, 'fine')
      const messages = async (method: string) => (await wire.request(method)).error?.message
      assert.equal(await messages('test.read'), 'missing scope: operator.read')
      assert.equal(await messages('system-event'), 'missing scope: operator.admin')
      assert.equal(await messages('no.such.method'), 'missing scope: operator.admin')
      await wire.close()
    }
  })

  test('§2.7 a node, a client that shows nothing, and any client where there is no auth, needs a device identity', async () => {
    assert.deepEqual(await refusal('token', {}), deviceRequired)
    assert.deepEqual(await refusal('token', { auth: { password: secret } }), deviceRequired)
    assert.deepEqual(await refusal('token', { auth: { token: '  ' } }), deviceRequired)
    assert.deepEqual(await refusal('password', { auth: { token: secret } }), deviceRequired)
    for (const mode of modes)
      assert.deepEqual(await refusal(mode, { ...(booted[mode] as Booted).proof, role: 'node' }), deviceRequired, mode)
    for (const auth of [undefined, { token: secret }, { password: 'x' }])
      assert.deepEqual(await refusal('none', auth ? { auth } : {}), deviceRequired)
  })

  test('§2.7 a wrong shared credential is told as one', async () => {
    assert.equal((await refusal('token', { auth: { token: 'wrong' } })).details.code, 'AUTH_TOKEN_MISMATCH')
    assert.equal((await refusal('token', { auth: { token: 'wrong' }, role: 'node' })).details.code, 'AUTH_TOKEN_MISMATCH')
    assert.equal((await refusal('password', { auth: { password: 'wrong' } })).details.code, 'AUTH_PASSWORD_MISMATCH')
  })

  test('§2.7 the Control UI needs a device identity whatever it shows (no `allowInsecureAuth`, no `dangerouslyDisableDeviceAuth`)', async () => {
    for (const mode of ['token', 'password', 'none'] as const)
      for (const auth of [undefined, { token: secret, password: secret }, { token: 'wrong', password: 'wrong' }]) {
        const { code, message, details } = await refusal(mode, { ...controlUi(mode), ...(auth && { auth }) })
        assert.deepEqual([code, details], ['INVALID_REQUEST', { code: 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED' }], mode)
        assert.match(String(message), /^control ui requires device identity /)
      }
  })

  test('§2.7 behind a trusted proxy it is let in without one, and holds no scope', async () => {
    const { wire, answer } = await connect((booted['trusted-proxy'] as Booted).url, controlUi('trusted-proxy'))
    assert.equal(answer.ok, true)
    assert.equal((await wire.request('test.read')).error?.message, 'missing scope: operator.read')
    await wire.close()
  })
})
