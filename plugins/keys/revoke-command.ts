import type { Offline } from '../contracts/offline.js'
import type { ShownKey } from './method-rows.js'

/** `keys revoke`. */
export async function run(context: Offline, [id]: string[], options: Record<string, any>): Promise<number> {
  const { key } = await context.rpc(options, (gateway) => gateway.call<{ key: ShownKey }>('keys.revoke', { id }))
  if (options['json']) context.out.json({ key })
  else context.out.print(`Revoked key ${key.id} "${key.name}"`)
  return 0
}
