import type { DeviceClaim, DeviceDescription, PairingRequest, Role } from '../contracts/devices.js'
import { missing, recorded } from './scopes.js'

export type Described = Omit<DeviceDescription, 'deviceId' | 'publicKey'>
/** What a device holds in one role. Its token is derived from `issueId`. */
export interface Grant {
  readonly role: Role
  readonly scopes: readonly string[]
  readonly issueId: string
  readonly createdAtMs: number
  readonly rotatedAtMs?: number
  readonly revokedAtMs?: number
  readonly lastUsedAtMs?: number
}
export interface Paired extends Described {
  readonly publicKey: string
  readonly role: Role
  readonly createdAtMs: number
  readonly approvedAtMs: number
  readonly grants: readonly Grant[]
}
/** `asked` is what came last; the request itself has what came before, too. */
export type Request = PairingRequest & { readonly asked: readonly string[] }
/** Somebody took something from the device. It is never again approved in silence. */
export interface Tombstone {
  readonly cause: 'removed' | 'rejected' | 'revoked' | 'narrowed'
  readonly atMs: number
}

/** All that is recorded of one device. Changed only by replacing it. */
export interface Standing {
  readonly deviceId: string
  readonly device?: Paired | undefined
  readonly request?: Request | undefined
  readonly tombstone?: Tombstone | undefined
}

/** What a device asks for, in the form in which it would be recorded. */
export interface Claim extends Described {
  readonly deviceId: string
  readonly publicKey: string
  readonly role: Role
  readonly scopes: readonly string[]
}

const longestText = 200
const clip = (value: string) => value.slice(0, longestText)

/** A node has no scopes, whatever it asks for. */
export const scopesOf = (role: Role, scopes: readonly string[]): string[] => (role === 'node' ? [] : recorded(scopes))

export function claimOf({ deviceId, publicKey, role, scopes, client, remoteIp }: DeviceClaim): Claim {
  const { id, mode, platform, displayName, deviceFamily } = client
  return {
    deviceId,
    publicKey,
    role,
    scopes: scopesOf(role, scopes),
    platform: clip(platform),
    clientId: clip(id),
    clientMode: clip(mode),
    ...(displayName && { displayName: clip(displayName) }),
    ...(deviceFamily && { deviceFamily: clip(deviceFamily) }),
    ...(remoteIp && { remoteIp }),
  }
}

/** What the device holds in a role, unless it was revoked. */
export const heldBy = (device: Paired | undefined, role: string): Grant | undefined =>
  device?.grants.find((grant) => grant.role === role && grant.revokedAtMs === undefined)

const lowered = (value = '') => value.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase())
/** What was never pinned cannot differ. */
const differs = (pinned: string | undefined, claimed: string | undefined) => !!lowered(pinned) && lowered(pinned) !== lowered(claimed)

export type Obstacle = 'not-paired' | 'scope-upgrade' | 'metadata-upgrade' | 'role-upgrade'

/** Why the device may not have what it asks for. What needs a person comes before what may be approved in silence. */
export function obstacle({ device }: Standing, claim: Claim): Obstacle | undefined {
  if (device?.publicKey !== claim.publicKey) return 'not-paired'
  if (differs(device.platform, claim.platform) || differs(device.deviceFamily, claim.deviceFamily)) return 'metadata-upgrade'
  const grant = heldBy(device, claim.role)
  if (!grant) return 'role-upgrade'
  return missing(claim.scopes, grant.scopes) === undefined ? undefined : 'scope-upgrade'
}

/** Whether an obstacle may be cleared without asking anybody. */
export const isQuiet = ({ device, tombstone }: Standing, reason: Obstacle): boolean =>
  !tombstone && (reason === 'scope-upgrade' || (reason === 'not-paired' && !device))

/** The request of a claim. `earlier` with the same content is renewed; any other is taken in, under a new id. */
export function requestOf(claim: Claim, standing: Standing, { id, silent, now }: { id: string; silent: boolean; now: number }): Request {
  const { deviceId, publicKey, role, scopes, ...described } = claim
  const earlier = standing.request?.publicKey === publicKey ? standing.request : undefined
  const base = { ...described, deviceId, publicKey, role, asked: scopes, silent, ts: now, isRepair: standing.device !== undefined }
  if (earlier && isSame(earlier, claim)) {
    const { requestId, roles } = earlier
    return { ...base, requestId, roles, scopes: earlier.scopes }
  }
  const roles = [...new Set([...(earlier?.roles ?? []), role])].sort()
  return { ...base, requestId: id, roles, scopes: recorded([...(earlier?.scopes ?? []), ...scopes]) }
}

/** Whoever approves a request has seen the platform too: another one is another request. */
const isSame = (request: Request, { role, scopes, platform, deviceFamily }: Claim) =>
  request.role === role &&
  request.asked.join() === scopes.join() &&
  lowered(request.platform) === lowered(platform) &&
  lowered(request.deviceFamily) === lowered(deviceFamily)

/** The device with everything that its request asks for, and a new token for each role in it. */
export function approve({ device, ...standing }: Standing, request: Request, now: number, issue: () => string): Standing {
  const known = device?.publicKey === request.publicKey ? device : undefined
  const grants = new Map(known?.grants.map((grant) => [grant.role, grant]))
  for (const role of request.roles) {
    const before = grants.get(role)
    const kept = before?.revokedAtMs === undefined ? (before?.scopes ?? []) : []
    grants.set(role, {
      role,
      scopes: scopesOf(role, [...kept, ...request.scopes]),
      issueId: issue(),
      createdAtMs: before?.createdAtMs ?? now,
      ...(before && { rotatedAtMs: now }),
      ...(before?.lastUsedAtMs !== undefined && { lastUsedAtMs: before.lastUsedAtMs }),
    })
  }
  const { publicKey, role, displayName, platform, deviceFamily, clientId, clientMode, remoteIp } = request
  const paired: Paired = {
    publicKey,
    role,
    platform,
    clientId,
    clientMode,
    createdAtMs: known?.createdAtMs ?? now,
    approvedAtMs: now,
    ...(displayName && { displayName }),
    ...(deviceFamily && { deviceFamily }),
    ...(remoteIp && { remoteIp }),
    grants: [...grants.values()],
  }
  return { ...standing, device: paired }
}

/** The device as it showed itself last. What it may do, and on what it was approved, stays. Same object: nothing is new. */
export function seen(device: Paired, { displayName = device.displayName, clientId, clientMode, role, remoteIp }: Claim): Paired {
  const same =
    device.displayName === displayName &&
    device.clientId === clientId &&
    device.clientMode === clientMode &&
    device.role === role &&
    device.remoteIp === remoteIp
  if (same) return device
  const { remoteIp: _, ...kept } = device
  return { ...kept, clientId, clientMode, role, ...(displayName && { displayName }), ...(remoteIp && { remoteIp }) }
}
