import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootControl } from '../../support/control.js'
import { bootInMode, secret } from '../../support/control-modes.js'
import { connectOperator, createDevice, refusalOf } from '../../support/operator.js'

const open = { gateway: { auth: { rateLimit: { exemptLoopback: true } } } }

describe('shared credentials', () => {
  test('§2.6 §2.11 what is missing or wrong is told by code, reason, next step and the first words of the message', async () => {
    const token = await bootInMode('token', open)
    const password = await bootInMode('password', open)
    const cases: [url: string, auth: Record<string, string> | undefined, code: string, reason: string, next: string, words: string][] = [
      [token.url, undefined, 'AUTH_TOKEN_MISSING', 'token_missing', 'update_auth_configuration', 'unauthorized: gateway token missing'],
      [
        token.url,
        { token: '   ' },
        'AUTH_TOKEN_MISSING',
        'token_missing',
        'update_auth_configuration',
        'unauthorized: gateway token missing',
      ],
      [
        token.url,
        { password: secret },
        'AUTH_TOKEN_MISSING',
        'token_missing',
        'update_auth_configuration',
        'unauthorized: gateway token missing',
      ],
      [
        token.url,
        { token: 'x' },
        'AUTH_TOKEN_MISMATCH',
        'token_mismatch',
        'retry_with_device_token',
        'unauthorized: gateway token mismatch',
      ],
      [
        token.url,
        { token: 'x', deviceToken: 'y' },
        'AUTH_DEVICE_TOKEN_MISMATCH',
        'device_token_mismatch',
        'update_auth_credentials',
        'unauthorized: device token mismatch',
      ],
      [
        token.url,
        { deviceToken: 'y' },
        'AUTH_DEVICE_TOKEN_MISMATCH',
        'device_token_mismatch',
        'update_auth_credentials',
        'unauthorized: device token mismatch',
      ],
      [
        token.url,
        { bootstrapToken: 'b' },
        'AUTH_BOOTSTRAP_TOKEN_INVALID',
        'bootstrap_token_invalid',
        'review_auth_configuration',
        'unauthorized: bootstrap token invalid',
      ],
      [
        password.url,
        undefined,
        'AUTH_PASSWORD_MISSING',
        'password_missing',
        'update_auth_configuration',
        'unauthorized: gateway password missing',
      ],
      [
        password.url,
        { token: secret },
        'AUTH_PASSWORD_MISSING',
        'password_missing',
        'update_auth_configuration',
        'unauthorized: gateway password missing',
      ],
      [
        password.url,
        { password: 'x' },
        'AUTH_PASSWORD_MISMATCH',
        'password_mismatch',
        'update_auth_credentials',
        'unauthorized: gateway password mismatch',
      ],
    ] // prettier-ignore
    for (const [url, auth, code, authReason, recommendedNextStep, words] of cases) {
      const error = await refusalOf(url, auth ? { auth } : {})
      assert.equal(error.code, 'INVALID_REQUEST')
      const canRetryWithDeviceToken = recommendedNextStep === 'retry_with_device_token'
      assert.deepEqual(error.details, { code, authReason, canRetryWithDeviceToken, recommendedNextStep }, JSON.stringify(auth))
      assert.ok(error.message.startsWith(words), error.message)
    }
    await Promise.all([token.gateway.close(), password.gateway.close()])
  })

  test('§2.6 credentials are trimmed and otherwise exact', async () => {
    for (const mode of ['token', 'password'] as const) {
      const { url, gateway } = await bootInMode(mode, open)
      const wire = await connectOperator(url, { auth: { [mode]: ` ${secret}\n` } })
      await wire.close()
      for (const wrong of [secret.toUpperCase(), secret.slice(0, -1), `${secret}x`, `${secret} ${secret}`, `${secret}\0`])
        assert.match((await refusalOf(url, { auth: { [mode]: wrong } })).details.code, /_MISMATCH$/, JSON.stringify(wrong))
      await gateway.close()
    }
  })

  test('§2.8 a device token may come as `auth.token`, or beside a wrong one', async () => {
    const { url, gateway, devices, token } = await bootControl()
    const device = createDevice()
    const claim = { deviceId: device.id, publicKey: device.publicKey, role: 'operator', scopes: ['operator.write'] } as const
    const { deviceToken } = devices.grant(claim)
    for (const auth of [{ deviceToken }, { token: deviceToken }, { token: 'wrong', deviceToken }, { token, deviceToken: 'wrong' }]) {
      const wire = await connectOperator(url, { device, auth, scopes: ['operator.read'] })
      assert.equal(wire.hello.auth.deviceToken, deviceToken)
      assert.deepEqual(wire.hello.auth.scopes, ['operator.write'], '§2.10 the scopes of the token; the connection has those it asked for')
      assert.equal((await wire.request('system-event', { text: 'x' })).error?.message, 'missing scope: operator.admin')
      await wire.close()
    }
    const more = await refusalOf(url, { device, auth: { deviceToken }, scopes: ['operator.admin'] })
    assert.equal(more.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH', 'a device token is worth what was granted, whatever is asked for')
    const other = await refusalOf(url, { device: createDevice(), auth: { deviceToken }, scopes: ['operator.read'] })
    assert.equal(other.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH', 'and to its own device')
    const node = await refusalOf(url, { device, auth: { deviceToken }, scopes: [], role: 'node' })
    assert.equal(node.details.code, 'AUTH_DEVICE_TOKEN_MISMATCH', 'in its own role')
    await gateway.close()
  })
})
