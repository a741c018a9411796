import type { RpcSettings } from '../../plugins/contracts/offline.js'
import type { Identity } from './identity.js'

/** What a client says of itself. */
interface Persona {
  readonly id: string
  readonly mode: string
  readonly scopes: readonly string[]
}

export const personas: Readonly<Record<NonNullable<RpcSettings['as']>, Persona>> = {
  cli: {
    id: 'cli',
    mode: 'cli',
    scopes: ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'],
  },
  probe: { id: 'cli', mode: 'probe', scopes: ['operator.read'] },
  backend: { id: 'gateway-client', mode: 'backend', scopes: ['operator.read'] },
}

/** What `connect` carries as `auth`. */
export interface ConnectAuth {
  readonly token?: string
  readonly password?: string
  readonly deviceToken?: string
}

interface Introduction {
  readonly persona: Persona
  readonly auth: ConnectAuth
  readonly identity: Identity
  readonly nonce: string
  readonly version: string
  readonly instanceId: string
}

/** Parameters of `connect`, signed by the device. */
export function connectParams({ persona, auth, identity, nonce, version, instanceId }: Introduction, nowMs = Date.now()) {
  const { id, mode, scopes } = persona
  const { platform } = process
  const token = auth.token ?? auth.deviceToken ?? ''
  const proof = ['v3', identity.deviceId, id, mode, 'operator', scopes.join(','), nowMs, token, nonce, platform.toLowerCase(), '']
  return {
    minProtocol: 3,
    maxProtocol: 3,
    client: { id, version, platform, mode, instanceId },
    caps: [],
    role: 'operator',
    scopes,
    ...(Object.keys(auth).length > 0 && { auth }),
    device: {
      id: identity.deviceId,
      publicKey: identity.publicKey,
      signature: identity.sign(proof.join('|')),
      signedAt: nowMs,
      nonce,
    },
  }
}
