import type { Offline } from '../contracts/offline.js'
import { callUntilCutOff } from './cut-off.js'

/** `devices remove <deviceId>`. */
export async function run(context: Offline, [deviceId = '']: string[], options: Record<string, any>): Promise<number> {
  const removed = await context.rpc(options, (gateway) => callUntilCutOff(gateway, 'device.pair.remove', { deviceId }, { deviceId }))
  if (options['json']) context.out.json(removed)
  else context.out.print(`Removed ${removed.deviceId}`)
  return 0
}
