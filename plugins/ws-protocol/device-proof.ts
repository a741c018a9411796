import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { ConnectParams } from './params-schema.js'

/** The signature's time may differ from ours by this much. */
const skewMs = 120_000

export interface DeviceProblem {
  readonly code: string
  readonly reason: string
  readonly message: string
}
const problem = (code: string, reason: string, message: string): DeviceProblem => ({ code: `DEVICE_AUTH_${code}`, reason, message })

export interface ProvenDevice {
  readonly deviceId: string
  /** base64url of the raw key, however it was sent. */
  readonly publicKey: string
}

/** 32 raw bytes from base64url, base64 or PEM. */
function rawKey(publicKey: string): Buffer | undefined {
  try {
    if (publicKey.includes('BEGIN')) {
      const { x } = createPublicKey(publicKey).export({ format: 'jwk' })
      return x === undefined ? undefined : rawKey(x)
    }
  } catch {
    return undefined
  }
  const raw = Buffer.from(publicKey.trim(), publicKey.includes('+') || publicKey.includes('/') ? 'base64' : 'base64url')
  return raw.length === 32 ? raw : undefined
}

const lowerAscii = (value: string | undefined) => (value ?? '').trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Whether the device holds the key it names, for this connection and nothing else: the nonce is ours and used once. */
export function proveDevice(params: ConnectParams, role: string, nonce: string): ProvenDevice | DeviceProblem {
  const device = params.device as NonNullable<ConnectParams['device']>
  const raw = rawKey(device.publicKey)
  if (!raw || createHash('sha256').update(raw).digest('hex') !== device.id)
    return problem('DEVICE_ID_MISMATCH', 'device-id-mismatch', 'device identity mismatch')
  if (Math.abs(Date.now() - device.signedAt) > skewMs)
    return problem('SIGNATURE_EXPIRED', 'device-signature-stale', 'device signature expired')
  const answered = device.nonce.trim()
  if (answered === '') return problem('NONCE_REQUIRED', 'device-nonce-missing', 'device nonce required')
  if (answered !== nonce) return problem('NONCE_MISMATCH', 'device-nonce-mismatch', 'device nonce mismatch')
  let key: KeyObject
  try {
    // As JWK: the decoder of DER costs nearly as much as the signature.
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
  } catch {
    return problem('PUBLIC_KEY_INVALID', 'device-public-key', 'device public key invalid')
  }
  const signature = Buffer.from(device.signature, 'base64url')
  if (!payloads(params, role, answered).some((payload) => verify(null, Buffer.from(payload), key, signature)))
    return problem('SIGNATURE_INVALID', 'device-signature', 'device signature invalid')
  return { deviceId: device.id, publicKey: raw.toString('base64url') }
}

/** What may be signed: v3 binds the platform too, v2 is what browsers send. */
function payloads({ client, scopes = [], auth = {}, device }: ConnectParams, role: string, nonce: string): string[] {
  const token = auth.token ?? auth.deviceToken ?? auth.bootstrapToken ?? ''
  const common = [device?.id, client.id, client.mode, role, scopes.join(','), device?.signedAt, token, nonce].join('|')
  return [`v3|${common}|${lowerAscii(client.platform)}|${lowerAscii(client.deviceFamily)}`, `v2|${common}`]
}
