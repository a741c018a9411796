import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { bootControl } from '../../support/control.js'
import { bootInMode, secret } from '../../support/control-modes.js'
import { connect, connectOperator, createDevice, refusalOf } from '../../support/operator.js'
import { pool } from '../../support/raw.js'

const guesses = 1_000
const owner = createDevice()
const some = Array.from({ length: 8 }, createDevice)
const device = (at: number) => some[at % some.length] as (typeof some)[number]

describe('guessing', () => {
  test('T-AUTH-06 of 1,010 guesses, with and without Origin, device and junk, ten are answered; T-AUTH-08 who knows it gets in all the while', async () => {
    let counted = 0
    const control = await bootControl({ log: ({ message }) => void (message === 'authentication failed' && counted++) })
    const { deviceToken } = control.devices.grant({
      deviceId: owner.id,
      publicKey: owner.publicKey,
      role: 'operator',
      scopes: ['operator.read'],
    })
    const codes: string[] = []
    const guess = async (at: number) => {
      const kind = at % 4
      const auth: Record<string, string> =
        kind === 3 ? { deviceToken: `guess-${at}`, password: 'junk' } : { token: `guess-${at}`, password: 'junk' }
      const { wire, answer } = await connect(control.url, {
        auth,
        ...(kind > 0 && { device: device(at) }),
        ...(kind === 1 && {
          headers: { origin: 'http://localhost:1', 'x-junk': '1' },
          client: { id: 'openclaw-control-ui', mode: 'webchat' },
        }),
      })
      codes.push(answer.error?.details.code)
      if (at === 20) assert.deepEqual([answer.error?.retryable, Number(answer.error?.retryAfterMs) > 290_000], [true, true])
      wire.socket.terminate()
    }
    for (let at = 0; at < 10; at++) await guess(at)
    assert.ok(
      codes.every((code) => code.endsWith('_MISMATCH')),
      codes.join(),
    )
    await pool(
      Array.from({ length: guesses }, (_, at) => at + 10),
      16,
      async (at) => {
        await guess(at)
        if (at % 500 !== 0) return
        for (const auth of [{ token: control.token }, { deviceToken }])
          await (await connectOperator(control.url, { auth, device: owner, scopes: ['operator.read'] })).close()
      },
    )
    assert.deepEqual([...new Set(codes.slice(10))], ['AUTH_RATE_LIMITED'])
    assert.equal(codes.length, guesses + 10)
    const nothing = await refusalOf(control.url, {})
    assert.equal(nothing.details.code, 'AUTH_TOKEN_MISSING', 'no credential is no guess')
    assert.equal(counted, 10)
    await control.gateway.close()
  })

  test('T-AUTH-06 §2.11 locked, in password mode the right one sounds like a wrong one; T-AUTH-08 a device token still opens', async () => {
    const control = await bootInMode('password')
    const { deviceToken } = control.devices.grant({
      deviceId: owner.id,
      publicKey: owner.publicKey,
      role: 'operator',
      scopes: ['operator.read'],
    })
    for (let at = 0; at < 10; at++) await refusalOf(control.url, { auth: { password: `guess-${at}` } })
    const [right, wrong] = await Promise.all([secret, 'wrong'].map((password) => refusalOf(control.url, { auth: { password } })))
    assert.deepEqual(right, wrong)
    assert.deepEqual(right?.details, {
      code: 'AUTH_RATE_LIMITED',
      authReason: 'rate_limited',
      canRetryWithDeviceToken: false,
      recommendedNextStep: 'wait_then_retry',
    })
    assert.match(right?.message ?? '', /^unauthorized: too many failed authentication attempts/)
    const without = await connect(control.url, { auth: { password: secret } })
    assert.equal(without.answer.error?.details.code, 'AUTH_RATE_LIMITED')
    await (await connectOperator(control.url, { device: owner, auth: { deviceToken }, scopes: ['operator.read'] })).close()
    await control.gateway.close()
  })

  test('T-AUTH-08 a stale client that repeats its credential for long is counted once and locks nobody out', async () => {
    const control = await bootControl()
    const stale = createDevice()
    for (let at = 0; at < 60; at++) {
      const { wire, answer } = await connect(control.url, { auth: { token: 'an old one' }, ...(at % 2 && { device: stale }) })
      assert.equal(answer.error?.details.code, 'AUTH_TOKEN_MISMATCH')
      wire.socket.terminate()
      if (at % 10 === 0) await (await connectOperator(control.url, { token: control.token, device: owner })).close()
    }
    assert.equal(control.gateway.log.filter(({ message }) => message === 'authentication failed').length, 1)
    await control.gateway.close()
  })

  test('T-AUTH-06 nobody who is vouched for by the upgrade’s headers guesses uncounted', async () => {
    const vouch = definePlugin({
      api: 1,
      name: 'vouch',
      apply: (kernel) =>
        kernel.hooks.authenticate.tap(({ headers }) => (headers['x-key'] === 'k' ? { kind: 'key', id: 'k', scopes: [] } : undefined)),
    })
    const control = await bootInMode('password', { plugins: [vouch] })
    for (let at = 0; at < 10; at++) await refusalOf(control.url, { auth: { password: `guess-${at}` }, headers: { 'x-key': 'k' } })
    const { details } = await refusalOf(control.url, { auth: { password: secret }, headers: { 'x-key': 'k' } })
    assert.equal(details.code, 'AUTH_RATE_LIMITED')
    await control.gateway.close()
  })

  test('T-AUTH-07 behind a proxy the spellings of one address share its guesses, and no other address pays for them', async () => {
    const control = await bootControl({
      gateway: { port: 0, auth: { mode: 'token', token: secret }, trustedProxies: ['127.0.0.1'] },
    })
    const from = async (address: string, at: number) =>
      (await refusalOf(control.url, { headers: { 'x-forwarded-for': address }, auth: { token: `guess-${at}` } })).details.code
    const groups = [
      ['203.0.113.9', '::ffff:203.0.113.9', '203.0.113.9:4711', '[::ffff:203.0.113.9]:80'],
      ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff::', '[2001:db8:1:2:3:4:5:6]:443'],
    ]
    for (const spellings of groups) {
      for (let at = 0; at < 10; at++) assert.equal(await from(spellings[at % spellings.length] as string, at), 'AUTH_TOKEN_MISMATCH')
      for (const address of spellings) assert.equal(await from(address, 99), 'AUTH_RATE_LIMITED', address)
    }
    for (const address of ['203.0.113.10', '2001:db8:1:3::1']) assert.equal(await from(address, 99), 'AUTH_TOKEN_MISMATCH', address)
    await control.gateway.close()
  })
})
