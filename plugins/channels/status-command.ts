import { messageOf } from 'openclaw/plugin'
import { failureText, type Offline } from '../contracts/offline.js'

/** `channels status`: ends with 0 also when the gateway cannot be asked; what the configuration says is shown then. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const probe = Boolean(options['probe'])
  const timeoutMs = Number(options['timeout'])
  try {
    const status = await context.rpc(options, (gateway) => gateway.call('channels.status', { probe, timeoutMs }), {
      as: 'backend',
      // The gateway's own limit comes first, so that it says which channel was slow.
      timeoutMs: timeoutMs + 2_000,
    })
    if (options['json']) out.json(status)
    else
      out.print(
        ['Gateway reachable.', ...accountLines(status), 'Tip: `openclaw status --deep` looks at the rest of the gateway.'].join('\n'),
      )
  } catch (error) {
    out.error(`Gateway not reachable: ${failureText(error)}`)
    await showConfigured(context, Boolean(options['json']), messageOf(error))
  }
  return 0
}

const words = (account: any): string =>
  [
    account.enabled === false ? 'disabled' : 'enabled',
    account.configured ? 'configured' : 'not configured',
    account.running ? 'running' : 'stopped',
    account.connected === false && 'not connected',
    account.probe && (account.probe.ok ? 'works' : 'probe failed'),
    account.lastError && `error: ${account.lastError}`,
  ]
    .filter(Boolean)
    .join(', ')

function accountLines({ channelOrder = [], channelLabels = {}, channelAccounts = {} }: any): string[] {
  const lines = channelOrder.flatMap((id: string) =>
    (channelAccounts[id] ?? []).map((account: any) => `- ${channelLabels[id] ?? id} ${account.accountId}: ${words(account)}`),
  )
  return lines.length > 0 ? lines : ['No chat channels.']
}

async function showConfigured({ out, config }: Offline, json: boolean, error: string) {
  const { path, document } = await config()
  const channels = Object.entries((document['channels'] ?? {}) as Record<string, any>)
  if (json)
    return out.json({ reachable: false, error, path, channels: Object.fromEntries(channels.map(([id]) => [id, { configured: true }])) })
  const lines = channels.map(([id, channel]) => `- ${id}: ${channel?.enabled === false ? 'disabled' : 'enabled'}, configured`)
  out.print(
    [
      'Gateway not reachable; showing config-only status.',
      `Config: ${path}`,
      `Mode: ${document['gateway']?.mode ?? 'local'}`,
      ...(lines.length > 0 ? lines : ['No chat channels.']),
    ].join('\n'),
  )
}
