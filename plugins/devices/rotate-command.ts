import { type Offline, requiredOption } from '../contracts/offline.js'

/** `devices rotate`: always JSON, because the new token is in it. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const deviceId = requiredOption(options, '--device <id>')
  const role = requiredOption(options, '--role <role>')
  const scopes: string[] = options['scope'] ?? []
  const params = { deviceId, role, ...(scopes.length > 0 && { scopes }) }
  context.out.json(await context.rpc(options, (gateway) => gateway.call('device.token.rotate', params)))
  return 0
}
