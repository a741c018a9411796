import type { Offline, Rpc } from '../contracts/offline.js'
import { callUntilCutOff } from './cut-off.js'
import type { PairingList } from './pairing.js'

/** `devices clear --yes`: exit code 1 without `--yes`. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  if (!options['yes']) {
    out.error('Refusing to clear pairing table without --yes')
    return 1
  }
  const cleared = await context.rpc(options, (gateway) => clear(gateway, Boolean(options['pending'])))
  if (options['json']) out.json(cleared)
  else {
    out.print(`Cleared ${cleared.removedDevices.length} paired device(s)`)
    if (options['pending']) out.print(`Rejected ${cleared.rejectedPending.length} pending request(s)`)
  }
  return 0
}

async function clear(gateway: Rpc, withPending: boolean) {
  const { pending, paired }: PairingList = await gateway.call('device.pair.list')
  const removedDevices: string[] = []
  const rejectedPending: string[] = []
  for (const { requestId } of withPending ? pending : []) {
    await gateway.call('device.pair.reject', { requestId })
    rejectedPending.push(requestId)
  }
  // Our own last: it ends this connection.
  const ids = paired.map(({ deviceId }) => deviceId)
  for (const deviceId of [...ids.filter((id) => id !== gateway.deviceId), ...ids.filter((id) => id === gateway.deviceId)]) {
    await callUntilCutOff(gateway, 'device.pair.remove', { deviceId }, { deviceId })
    removedDevices.push(deviceId)
  }
  return { removedDevices, rejectedPending }
}
