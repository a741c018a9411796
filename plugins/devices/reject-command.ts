import type { Offline } from '../contracts/offline.js'

/** `devices reject <requestId>`. */
export async function run(context: Offline, [requestId]: string[], options: Record<string, any>): Promise<number> {
  const rejected = await context.rpc(options, (gateway) => gateway.call('device.pair.reject', { requestId }))
  if (options['json']) context.out.json(rejected)
  else context.out.print(`Rejected ${rejected.deviceId}`)
  return 0
}
