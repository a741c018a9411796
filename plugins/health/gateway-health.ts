import type { Offline } from '../contracts/offline.js'
import { channelLines } from './channel-lines.js'

/** `gateway health`: throws what makes it unreachable. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const health = await context.rpc(options, (gateway) => gateway.call('health'))
  if (options['json']) out.json(health)
  else out.print(['Gateway Health', `OK (${health.durationMs}ms)`, ...channelLines(health, true)].join('\n'))
  return 0
}
