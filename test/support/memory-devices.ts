import { randomBytes, randomUUID } from 'node:crypto'
import { covers, definePlugin, type Plugin } from 'openclaw/plugin'
import { type DeviceClaim, Devices, type DeviceToken, type Role } from '../../plugins/contracts/devices.js'

type Record = { publicKey: string; tokens: Map<Role, DeviceToken> }

export interface MemoryDevices {
  readonly plugin: Plugin
  /** Requests that were not let in, newest last. */
  readonly refused: readonly DeviceClaim[]
  grant(claim: Pick<DeviceClaim, 'deviceId' | 'publicKey' | 'role' | 'scopes'>): DeviceToken
  /** The device keeps these scopes; none at all: it is gone. */
  narrow(deviceId: string, scopes: readonly string[] | undefined): void
  /** It gets another token in each role. */
  rotate(deviceId: string): void
  /** Await this before the next `admit` answers. */
  delay: Promise<unknown> | undefined
}

/** Devices as the contract has them, without a disk: what they approve, and no more, is theirs. */
export function memoryDevices(): MemoryDevices {
  const records = new Map<string, Record>()
  const listeners = new Set<(deviceId: string) => void>()
  const refused: DeviceClaim[] = []
  const within = (asked: readonly string[], granted: readonly string[]) => asked.every((scope) => covers(granted, scope))
  const self: MemoryDevices = {
    refused,
    delay: undefined,
    grant({ deviceId, publicKey, role, scopes }) {
      const record = records.get(deviceId) ?? { publicKey, tokens: new Map() }
      records.set(deviceId, record)
      const token = { deviceToken: randomBytes(32).toString('base64url'), role, scopes: [...scopes], issuedAtMs: Date.now() }
      record.tokens.set(role, token)
      return token
    },
    narrow(deviceId, scopes) {
      const record = records.get(deviceId)
      for (const [role, token] of record?.tokens ?? [])
        if (scopes === undefined) record?.tokens.delete(role)
        else record?.tokens.set(role, { ...token, scopes })
      for (const listener of listeners) listener(deviceId)
    },
    rotate(deviceId) {
      const record = records.get(deviceId)
      for (const [role, { scopes }] of record?.tokens ?? []) self.grant({ deviceId, publicKey: record?.publicKey ?? '', role, scopes })
      for (const listener of listeners) listener(deviceId)
    },
    plugin: definePlugin({
      api: 1,
      name: 'memory-devices',
      provides: [Devices],
      apply: (kernel) =>
        kernel.provide(Devices, {
          verify({ deviceId, publicKey, role, scopes }, token) {
            const record = records.get(deviceId)
            const own = record?.tokens.get(role)
            return record?.publicKey === publicKey && own?.deviceToken === token && within(scopes, own.scopes)
          },
          async admit(claim, silent) {
            const own = records.get(claim.deviceId)?.tokens.get(claim.role)
            await self.delay
            if (own && within(claim.scopes, own.scopes)) return { admitted: true, token: own }
            if (silent) return { admitted: true, token: self.grant(claim) }
            refused.push(claim)
            return { admitted: false, requestId: randomUUID(), reason: own ? 'scope-upgrade' : 'not-paired' }
          },
          granted: (deviceId, role) => records.get(deviceId)?.tokens.get(role)?.scopes,
          list: () => [],
          onChange(listener) {
            listeners.add(listener)
            return () => void listeners.delete(listener)
          },
        }),
    }),
  }
  return self
}
