import { GatewayError } from 'openclaw/plugin'
import type { Offline } from '../contracts/offline.js'
import { withFallback } from './fallback.js'
import type { Approved, PairingList } from './pairing.js'

/** `devices approve`: exit code 1 when nothing was approved. */
export async function run(context: Offline, [requestId]: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const choose = (list: PairingList) => newest(list, Boolean(options['latest']))
  const approved = await withFallback<Approved | undefined>(context, options, {
    async rpc(gateway) {
      const chosen = requestId ?? choose(await gateway.call('device.pair.list'))
      return chosen === undefined ? undefined : gateway.call('device.pair.approve', { requestId: chosen })
    },
    local(pairing) {
      const chosen = requestId ?? choose(pairing.list())
      return chosen === undefined ? undefined : pairing.approve(chosen)
    },
  })
  if (approved === undefined) {
    out.error('No pending device pairing requests to approve')
    return 1
  }
  if (options['json']) out.json(approved)
  else out.print(`Approved ${approved.device.deviceId} (${approved.requestId})`)
  return 0
}

/** Nobody is let in by chance: which one has to be said, if only as the newest. */
function newest({ pending }: PairingList, latest: boolean): string | undefined {
  const [first] = [...pending].sort((a, b) => b.ts - a.ts)
  if (first === undefined || latest) return first?.requestId
  throw new GatewayError('usage', `error: pass a request id or --latest (pending: ${pending.map((each) => each.requestId).join(', ')})`)
}
