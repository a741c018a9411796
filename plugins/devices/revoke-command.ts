import { type Offline, requiredOption } from '../contracts/offline.js'
import { callUntilCutOff } from './cut-off.js'

/** `devices revoke`: always JSON. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const deviceId = requiredOption(options, '--device <id>')
  const role = requiredOption(options, '--role <role>')
  const params = { deviceId, role }
  const revoked = await context.rpc(options, (gateway) =>
    callUntilCutOff(gateway, 'device.token.revoke', params, { ...params, revokedAtMs: Date.now() }),
  )
  context.out.json(revoked)
  return 0
}
