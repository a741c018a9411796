import type { Device, PairingRequest } from '../contracts/devices.js'
import type { Offline } from '../contracts/offline.js'
import { ageText } from '../contracts/units.js'
import { withFallback } from './fallback.js'
import type { PairingList } from './pairing.js'

/** `devices list`: over the gateway, or its files where it does not know us. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const { pending, paired } = await withFallback<PairingList>(context, options, {
    rpc: (gateway) => gateway.call('device.pair.list'),
    local: (pairing) => pairing.list(),
  })
  if (options['json']) out.json({ pending, paired })
  else if (pending.length + paired.length === 0) out.print('No device pairing entries.')
  else {
    if (pending.length > 0) printPending(out, pending)
    if (paired.length > 0) printPaired(out, paired)
  }
  return 0
}

function printPending(out: Offline['out'], pending: readonly PairingRequest[]) {
  const now = Date.now()
  out.print(`Pending (${pending.length})`)
  out.table(
    ['Request', 'Device', 'Role', 'Scopes', 'IP', 'Age', 'Flags'],
    pending.map(({ requestId, deviceId, displayName, role, scopes, remoteIp, ts, isRepair }) => [
      requestId,
      displayName ?? deviceId,
      role ?? '',
      (scopes ?? []).join(', '),
      remoteIp ?? '',
      ageText(now - ts),
      isRepair ? 'repair' : '',
    ]),
  )
}

function printPaired(out: Offline['out'], paired: readonly Device[]) {
  out.print(`Paired (${paired.length})`)
  out.table(
    ['Device', 'Roles', 'Scopes', 'Tokens', 'IP'],
    paired.map(({ deviceId, displayName, roles, scopes, tokens, remoteIp }) => [
      displayName === undefined ? deviceId : `${displayName} ${deviceId}`,
      roles.join(', '),
      scopes.join(', '),
      tokens.map(({ role, revokedAtMs }) => (revokedAtMs === undefined ? role : `${role} (revoked)`)).join(', '),
      remoteIp ?? '',
    ]),
  )
}
