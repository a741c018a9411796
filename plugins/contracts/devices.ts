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
  /** Effective for the connection are the scopes asked for, within those of the token. A node has none. */
  | { readonly admitted: true; readonly token?: DeviceToken }
  | {
      readonly admitted: false
      readonly requestId: string
      readonly reason: 'not-paired' | 'scope-upgrade' | 'metadata-upgrade' | 'role-upgrade'
    }

/** What a device said of itself. */
export interface DeviceDescription {
  readonly deviceId: string
  readonly publicKey: string
  readonly displayName?: string
  readonly platform: string
  readonly deviceFamily?: string
  readonly clientId: string
  readonly clientMode: string
  /** Absent for a local one. */
  readonly remoteIp?: string
}

/** A device that waits for somebody to approve it. Times are ms. */
export interface PairingRequest extends DeviceDescription {
  readonly requestId: string
  readonly role: Role
  /** With those of the request that this one took the place of. */
  readonly roles: readonly Role[]
  readonly scopes: readonly string[]
  readonly silent: boolean
  /** The device is paired already. */
  readonly isRepair: boolean
  readonly ts: number
}

/** A paired device without its secrets. Times are ms. */
export interface Device extends DeviceDescription {
  /** Of its last connection. */
  readonly role: Role
  /** Those whose token is not revoked. */
  readonly roles: readonly Role[]
  /** What it holds in any role. */
  readonly scopes: readonly string[]
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
  /** Whether this token is the device's for the role, not revoked, and covers the scopes. Scopes that nobody knows do not count. */
  verify(claim: Pick<DeviceClaim, 'deviceId' | 'publicKey' | 'role' | 'scopes'>, token: string): boolean
  /**
   * Let a proven device in, or store its request. `silent`: a first pairing and more scopes are approved without asking, unless
   * somebody once took something from the device: removed, rejected, revoked or narrowed it. Resolves when it is on disk.
   */
  admit(claim: DeviceClaim, silent: boolean): Promise<Admission>
  /** Scopes that the device holds in this role now; undefined: none, its connections must close. */
  granted(deviceId: string, role: Role): readonly string[] | undefined
  list(): readonly Device[]
  /** Called after anything about a device's grants changed. Answers the way to stop listening. */
  onChange(listener: (deviceId: string) => void): () => void
}
export const Devices = defineService<Devices>('devices')
