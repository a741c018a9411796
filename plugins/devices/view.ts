import type { Device, PairingRequest, Role } from '../contracts/devices.js'
import type { Grant, Paired, Request } from './standing.js'

/** A paired device as clients see it. */
export function shownDevice(deviceId: string, { grants, ...device }: Paired): Device {
  const live = grants.filter(({ revokedAtMs }) => revokedAtMs === undefined)
  return {
    deviceId,
    ...device,
    roles: live.map(({ role }): Role => role).sort(),
    scopes: [...new Set(live.flatMap(({ scopes }) => scopes))].sort(),
    tokens: grants.map(shownToken),
  }
}

function shownToken(grant: Grant): Device['tokens'][number] {
  const { issueId: _, ...token } = grant
  return token
}

/** An open request as clients see it. */
export function shownRequest(request: Request): PairingRequest {
  const { asked: _, ...shown } = request
  return shown
}
