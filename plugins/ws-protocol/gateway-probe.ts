import { GatewayError, messageOf } from 'openclaw/plugin'
import type { Offline, RpcSettings } from '../contracts/offline.js'
import { details } from './probe-details.js'

interface Place {
  readonly id: 'explicit' | 'configRemote' | 'localLoopback'
  readonly label: string
  readonly active: boolean
  readonly budgetMs: number
  readonly settings: Pick<RpcSettings, 'at'>
}
type Result = Awaited<ReturnType<typeof probe>>

/** Budget of a gateway that commands would not go to. */
const inactiveMs = 800
const distantMs = 1_500

/** `gateway probe`: exit code 1 when no gateway is reachable. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const timeoutMs = Number(options['timeout'])
  if (!(timeoutMs >= 1)) throw new GatewayError('usage', 'Invalid --timeout (use a number of milliseconds)')
  const began = performance.now()
  const config = await context.config()
  const remote = config.effective['gateway']?.mode === 'remote'
  const results = await Promise.all(places(config.effective, options, timeoutMs).map((place) => probe(context, options, place)))
  const reachable = results.filter(({ connect }) => connect.rpcOk || connect.scopeLimited)
  const primary = ['explicit', ...(remote ? ['configRemote'] : []), 'localLoopback', 'configRemote']
    .map((id) => reachable.find((result) => result.id === id))
    .find((found) => found !== undefined)
  const report = {
    ok: reachable.length > 0,
    degraded: reachable.some(({ connect }) => connect.scopeLimited),
    ts: Date.now(),
    durationMs: Math.round(performance.now() - began),
    timeoutMs,
    primaryTargetId: primary?.id ?? null,
    warnings: warningsOn(results),
    network: { localLoopbackUrl: (await context.local()).url, localTailnetUrl: null, tailnetIPv4: null },
    discovery: { timeoutMs: 0, count: 0, beacons: [] },
    targets: results.map(({ label: _label, ...result }) => result),
  }
  if (options['json']) out.json(report)
  else print(out, report, results)
  return report.ok ? 0 : 1
}

function places(effective: Record<string, any>, options: Record<string, any>, timeoutMs: number): Place[] {
  const remote = effective['gateway']?.mode === 'remote'
  const configured = typeof effective['gateway']?.remote?.url === 'string'
  const list: (Place | false)[] = [
    options['url'] !== undefined && {
      id: 'explicit',
      label: 'URL (explicit)',
      active: true,
      budgetMs: Math.min(distantMs, timeoutMs),
      settings: {},
    },
    configured && {
      id: 'configRemote',
      label: remote ? 'Remote (configured)' : 'Remote (configured, inactive)',
      active: remote,
      budgetMs: Math.min(distantMs, timeoutMs),
      settings: { at: 'remote' },
    },
    {
      id: 'localLoopback',
      label: 'Local loopback',
      active: !remote,
      budgetMs: remote ? Math.min(inactiveMs, timeoutMs) : timeoutMs,
      settings: { at: 'local' },
    },
  ]
  return list.filter((place) => place !== false)
}

async function probe(context: Offline, options: Record<string, any>, { id, label, active, budgetMs, settings }: Place) {
  const how: RpcSettings = { ...settings, as: 'probe', credentials: 'optional', timeoutMs: budgetMs }
  const base = { id, label, kind: id, active, tunnel: null }
  const down = { ok: false, rpcOk: false, scopeLimited: false, latencyMs: null as number | null, close: null as unknown }
  const nothing = { self: null, config: null, health: null, summary: null, presence: null }
  let url = String(options['url'] ?? '')
  let connectMs: number | null = null
  try {
    url = (await context.target(options, how)).url
    return await context.rpc(
      options,
      async (gateway) => {
        connectMs = gateway.connectMs
        return { ...base, url, ...(await details(gateway)) }
      },
      how,
    )
  } catch (error) {
    const { details: { close = null } = {} } = error as { details?: { close?: unknown } }
    const text = messageOf(error).split('\n', 1)[0] ?? ''
    return {
      ...base,
      url,
      connect: { ...down, ok: connectMs !== null, latencyMs: connectMs, error: text as string | null, close },
      ...nothing,
    }
  }
}

function warningsOn(results: readonly Result[]) {
  const limited = results.filter(({ connect }) => connect.scopeLimited).map(({ id }) => id)
  const reached = results.filter(({ connect }) => connect.ok).map(({ id }) => id)
  return [
    ...(limited.length > 0
      ? [{ code: 'probe_scope_limited', message: 'The credential lacks operator.read; details are missing.', targetIds: limited }]
      : []),
    ...(reached.length > 1 ? [{ code: 'multiple_gateways', message: 'More than one gateway is reachable.', targetIds: reached }] : []),
  ]
}

interface Report {
  readonly ok: boolean
  readonly timeoutMs: number
  readonly warnings: readonly { message: string }[]
}

function print(out: Offline['out'], { ok, timeoutMs, warnings }: Report, results: readonly Result[]) {
  out.print(`Gateway Status\nReachable: ${ok ? 'yes' : 'no'}\nProbe budget: ${timeoutMs}ms`)
  if (warnings.length > 0) out.print(['\nWarning:', ...warnings.map(({ message }) => `- ${message}`)].join('\n'))
  out.print('\nTargets')
  for (const { label, url, connect, self } of results) {
    out.print(`${label} ${url}`)
    const { ok: connected, rpcOk, scopeLimited, latencyMs, error } = connect
    const rpc = rpcOk ? 'ok' : scopeLimited ? `limited - ${error}` : `failed - ${error}`
    out.print(connected ? `  Connect: ok (${latencyMs}ms) · RPC: ${rpc}` : `  Connect: failed - ${error}`)
    if (self) out.print(`  Gateway: ${self.host} (${self.ip}) · ${self.platform} · app ${self.version}`)
  }
}
