import { defineService } from 'openclaw/plugin'

export type Role = 'operator' | 'node'

/** A device that proved its key in `connect`, and what it asks for. */
export interface DeviceClaim {
  /** Lower-case hex SHA-256 of the raw public key. */
  readonly deviceId: string
  /** base64url of the raw Ed25519 key. */
  readonly publicKey: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly client: {
    readonly id: string
    readonly mode: string
    readonly displayName?: string
    readonly platform: string
    readonly deviceFamily?: string
  }
  /** Absent for a local one. */
  readonly remoteIp?: string
}

/** Goes into `hello-ok.auth`. */
export interface DeviceToken {
  readonly deviceToken: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly issuedAtMs: number
}

export type Admission =
  | { readonly admitted: true; readonly token?: DeviceToken }
  | {
      readonly admitted: false
      readonly requestId: string
      readonly reason: 'not-paired' | 'scope-upgrade' | 'metadata-upgrade' | 'role-upgrade'
    }

/** A paired device without its secrets. Times are ms. */
export interface Device {
  readonly deviceId: string
  readonly publicKey: string
  readonly displayName?: string
  readonly platform?: string
  readonly deviceFamily?: string
  readonly clientId?: string
  readonly clientMode?: string
  readonly role?: Role
  readonly roles: readonly Role[]
  readonly scopes: readonly string[]
  readonly remoteIp?: string
  readonly createdAtMs: number
  readonly approvedAtMs: number
  readonly tokens: readonly {
    readonly role: Role
    readonly scopes: readonly string[]
    readonly createdAtMs: number
    readonly rotatedAtMs?: number
    readonly revokedAtMs?: number
    readonly lastUsedAtMs?: number
  }[]
}

/** Which devices belong to this gateway, and what each may do. */
export interface Devices {
  /** Whether this token is the device's for the role, not revoked, and covers the scopes. */
  verify(claim: Pick<DeviceClaim, 'deviceId' | 'publicKey' | 'role' | 'scopes'>, token: string): boolean
  /**
   * Let a proven device in, or store its request. `silent`: a first pairing and more scopes are approved without asking, unless
   * the device was removed or revoked by somebody. Resolves when it is on disk.
   */
  admit(claim: DeviceClaim, silent: boolean): Promise<Admission>
  /** Scopes that the device holds in this role now; undefined: none, its connections must close. */
  granted(deviceId: string, role: Role): readonly string[] | undefined
  list(): readonly Device[]
  /** Called after anything about a device's grants changed. Answers the way to stop listening. */
  onChange(listener: (deviceId: string) => void): () => void
}
export const Devices = defineService<Devices>('devices')
