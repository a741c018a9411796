import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connect, type ConnectOptions, connectParams, createDevice, openWire, type Wire } from '../../support/operator.js'

const token = 'kV4hTq9ZsW2mXc7LrB1n'
const device = createDevice()

let control: Control
before(async () => {
  control = await bootControl({ gateway: { port: 0, auth: { mode: 'token', token, rateLimit: { exemptLoopback: true } } } })
})
after(() => control.gateway.close())

/** The error of a `connect`; undefined when it was let in. */
async function errorOf(options: ConnectOptions) {
  const { wire, answer } = await connect(control.url, { token, device, ...options })
  if (answer.error) assert.deepEqual(await wire.closed, { code: 1008, reason: answer.error.message })
  else await wire.close()
  return answer.error
}
const codeOf = async (options: ConnectOptions) => (await errorOf(options))?.details?.code

describe('device identity', () => {
  test('§2.4 §10 a v3 and a v2 signature are accepted, with the scopes in the order sent', async () => {
    for (const version of ['v2', 'v3'] as const)
      for (const scopes of [[], ['operator.write', 'operator.read'], ['operator.read', 'operator.read', 'made.up']])
        assert.equal(await errorOf({ version, scopes }), undefined, `${version} ${scopes}`)
    assert.equal(
      await codeOf({ scopes: ['a', 'b'], sign: (payload) => payload.replace('|a,b|', '|b,a|') }),
      'DEVICE_AUTH_SIGNATURE_INVALID',
    )
  })

  test('§2.4 v3 binds platform and device family, trimmed, with A to Z alone in lower case', async () => {
    assert.equal(await errorOf({ client: { platform: ' LINUX X86 ', deviceFamily: 'MacBook' } }), undefined)
    const lower = (payload: string) => payload.replace('|ÄB|', '|Äb|')
    assert.equal(await errorOf({ client: { platform: 'ÄB' }, sign: (payload) => lower(payload.replace('|äb|', '|ÄB|')) }), undefined)
    assert.equal(await codeOf({ client: { platform: 'ÄB' } }), 'DEVICE_AUTH_SIGNATURE_INVALID')
    assert.equal(await errorOf({ version: 'v2', client: { platform: 'anything', deviceFamily: 'else' } }), undefined)
  })

  test('§2.4 the token that is signed is the first there is of token, device token and bootstrap token; a password never', async () => {
    const expected: [auth: Record<string, string>, signed: string][] = [
      [{ token, deviceToken: 'd', bootstrapToken: 'b' }, token],
      [{ deviceToken: 'd', bootstrapToken: 'b' }, 'd'],
      [{ bootstrapToken: 'b' }, 'b'],
      [{ token: '', deviceToken: 'd' }, ''],
      [{ password: 'p' }, ''],
    ]
    for (const [auth, signed] of expected) {
      const withToken = (proof: string) => (payload: string) => {
        const parts = payload.split('|')
        parts[7] = proof
        return parts.join('|')
      }
      assert.notEqual(await codeOf({ auth, sign: withToken(signed) }), 'DEVICE_AUTH_SIGNATURE_INVALID', JSON.stringify(auth))
      assert.equal(await codeOf({ auth, sign: withToken('p') }), 'DEVICE_AUTH_SIGNATURE_INVALID', JSON.stringify(auth))
    }
  })

  test('§2.4 the public key may be base64url, padded base64 or PEM; the id is the SHA-256 of its 32 bytes in lower-case hex', async () => {
    const raw = Buffer.from(device.publicKey, 'base64url')
    for (const publicKey of [raw.toString('base64url'), raw.toString('base64'), `${device.publicKey}=`, ` ${device.publicKey} `])
      assert.equal(await errorOf({ deviceFields: { publicKey } }), undefined, publicKey)
    const spki = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]).toString('base64')}\n-----END PUBLIC KEY-----`
    assert.equal(await errorOf({ deviceFields: { publicKey: spki } }), undefined)
    const others = [
      { id: device.id.toUpperCase() },
      { id: device.id.slice(1) },
      { id: createDevice().id },
      { publicKey: createDevice().publicKey },
      { publicKey: raw.subarray(1).toString('base64url') },
      { publicKey: Buffer.concat([raw, raw]).toString('base64url') },
      { publicKey: 'no key' },
      { publicKey: '-----BEGIN PUBLIC KEY-----' },
      { publicKey: String(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })) },
      { publicKey: String(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'pem', type: 'spki' })) },
    ]
    for (const deviceFields of others) {
      const error = await errorOf({ deviceFields })
      assert.deepEqual([error?.code, error?.message], ['INVALID_REQUEST', 'device identity mismatch'], JSON.stringify(deviceFields))
      assert.deepEqual(error?.details, { code: 'DEVICE_AUTH_DEVICE_ID_MISMATCH', reason: 'device-id-mismatch' })
    }
  })

  test('§2.4 §2.11 the signature’s time may be off by two minutes, either way', async () => {
    for (const offMs of [0, -119_000, 119_000, -121_000, 121_000, -Date.now()]) {
      const signedAt = Date.now() + offMs
      const sign = (payload: string) => payload.replace(/\|\d{13}\|/, `|${signedAt}|`)
      const error = await errorOf({ deviceFields: { signedAt }, sign })
      if (Math.abs(offMs) < 120_000) assert.equal(error, undefined, String(offMs))
      else
        assert.deepEqual(error, {
          code: 'INVALID_REQUEST',
          message: 'device signature expired',
          details: { code: 'DEVICE_AUTH_SIGNATURE_EXPIRED', reason: 'device-signature-stale' },
        })
    }
  })

  test('§2.4 §2.11 the nonce is trimmed; blank and foreign ones are told apart', async () => {
    const wire = await openWire(control.url)
    const { payload } = await wire.event('connect.challenge')
    const padded = { nonce: ` ${payload.nonce}\n` }
    assert.equal((await wire.request('connect', connectParams(payload.nonce, { token, device, deviceFields: padded }))).ok, true)
    await wire.close()
    assert.deepEqual((await errorOf({ deviceFields: { nonce: '  ' } }))?.details, {
      code: 'DEVICE_AUTH_NONCE_REQUIRED',
      reason: 'device-nonce-missing',
    })
    assert.equal((await errorOf({ deviceFields: { nonce: '  ' } }))?.message, 'device nonce required')
    const foreign = await errorOf({ deviceFields: { nonce: 'x' } })
    assert.deepEqual(
      [foreign?.message, foreign?.details],
      ['device nonce mismatch', { code: 'DEVICE_AUTH_NONCE_MISMATCH', reason: 'device-nonce-mismatch' }],
    )
  })

  test('§2.11 a signature that is none of this key’s is `device signature invalid`', async () => {
    for (const signature of ['x', 'A'.repeat(86), device.publicKey, '!'.repeat(86)]) {
      const error = await errorOf({ deviceFields: { signature } })
      assert.deepEqual(error, {
        code: 'INVALID_REQUEST',
        message: 'device signature invalid',
        details: { code: 'DEVICE_AUTH_SIGNATURE_INVALID', reason: 'device-signature' },
      })
    }
  })

  test('T-AUTH-11 §2.4 each signed field is bound: changed after signing, it is refused', async () => {
    const names = [
      'version',
      'deviceId',
      'client.id',
      'client.mode',
      'role',
      'scopes',
      'signedAt',
      'token',
      'nonce',
      'platform',
      'deviceFamily',
    ]
    const change = (at: number) => (payload: string) => {
      const parts = payload.split('|')
      parts[at] = `${parts[at]}0`
      return parts.join('|')
    }
    const client = { platform: 'linux', deviceFamily: 'pc' }
    for (const version of ['v2', 'v3'] as const)
      for (const [at, name] of names.entries()) {
        if (version === 'v2' && at > 8) continue
        assert.equal(await codeOf({ version, client, sign: change(at) }), 'DEVICE_AUTH_SIGNATURE_INVALID', `${version} ${name}`)
      }
    assert.equal(await codeOf({ client, sign: (payload) => payload.replace(/\|pc$/, '') }), 'DEVICE_AUTH_SIGNATURE_INVALID')
    assert.equal(await errorOf({ client }), undefined)
  })

  test('T-AUTH-11 §2.4 what was signed for one socket is worth nothing on another, nor a second time', async () => {
    const first = await openWire(control.url)
    const { payload } = await first.event('connect.challenge')
    const params = connectParams(payload.nonce, { token, device })
    const replay = async (wire: Wire) => (await wire.request('connect', params)).error?.details?.code
    const second = await openWire(control.url)
    assert.equal(await replay(second), 'DEVICE_AUTH_NONCE_MISMATCH')
    assert.equal((await first.request('connect', params)).ok, true)
    await first.close()
    const third = await openWire(control.url)
    const nonce = (await third.event('connect.challenge')).payload.nonce as string
    assert.notEqual(nonce, payload.nonce)
    assert.equal(await replay(third), 'DEVICE_AUTH_NONCE_MISMATCH')
    // With the new nonce in the object alone, the signature is over another.
    const fourth = await openWire(control.url)
    const fresh = (await fourth.event('connect.challenge')).payload.nonce
    const { device: signed, ...rest } = params as { device: object }
    const { error } = await fourth.request('connect', { ...rest, device: { ...signed, nonce: fresh } })
    assert.equal(error?.details.code, 'DEVICE_AUTH_SIGNATURE_INVALID')
  })
})
