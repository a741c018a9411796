import type { Offline } from '../contracts/offline.js'
import { ageText } from '../contracts/units.js'
import { channelLines } from './channel-lines.js'

const mostRecent = 5

/** `health`: throws what makes the gateway unreachable. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const verbose = Boolean(options['verbose'])
  const health = await context.rpc(options, (gateway) => gateway.call('health', verbose ? { probe: true } : {}), { as: 'backend' })
  if (options['json']) {
    out.json(health)
    return 0
  }
  if (verbose) out.print(`Gateway connection:\n  ${(await context.target(options)).detail.replaceAll('\n', '\n  ')}`)
  out.print([...channelLines(health, verbose), ...agentLines(health, verbose)].join('\n'))
  return 0
}

function agentLines({ agents = [], heartbeatSeconds, defaultAgentId, sessions }: any, all: boolean): string[] {
  const names = agents.map(({ agentId, isDefault }: any) => `${agentId}${isDefault ? ' (default)' : ''}`)
  const interval = heartbeatSeconds > 0 ? `${Math.round(heartbeatSeconds / 60)}m (${defaultAgentId})` : 'disabled'
  const stores = all ? agents.map((agent: any) => [agent.agentId, agent.sessions]) : [[defaultAgentId, sessions]]
  return [
    `Agents: ${names.join(', ') || 'none'}`,
    `Heartbeat interval: ${interval}`,
    ...stores.flatMap(([agentId, store]: [string, any]) => [
      `Session store (${agentId}): ${store?.path || 'in memory'} (${store?.count ?? 0} entries)`,
      ...(store?.recent ?? []).slice(0, mostRecent).map(({ key, age }: any) => `- ${key} (${ageText(age)})`),
    ]),
  ]
}
