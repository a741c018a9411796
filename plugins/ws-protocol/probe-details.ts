import { messageOf } from 'openclaw/plugin'
import type { Rpc } from '../contracts/offline.js'

/** What a reachable gateway tells of itself. A method that fails makes the answer incomplete; a missing scope, limited. */
export async function details(gateway: Rpc) {
  const asked = ['health', 'status', 'system-presence', 'config.get'].map((method) => gateway.call(method))
  const [health, summary, presence, config] = await Promise.allSettled(asked)
  const failed = [health, summary, presence].find((each) => each?.status === 'rejected') as PromiseRejectedResult | undefined
  const error = failed ? (messageOf(failed.reason).split('\n', 1)[0] ?? '') : null
  const scopeLimited = error?.startsWith('missing scope:') ?? false
  const value = (settled: PromiseSettledResult<any> | undefined) => (settled?.status === 'fulfilled' ? settled.value : null)
  return {
    connect: {
      ok: true,
      rpcOk: error === null,
      scopeLimited,
      latencyMs: gateway.connectMs as number | null,
      error,
      close: null as unknown,
    },
    self: selfOf(value(presence)),
    config: configOf(value(config)),
    health: value(health),
    summary: value(summary),
    presence: value(presence),
  }
}

function selfOf(presence: any) {
  const own = Array.isArray(presence) ? presence.find(({ mode, reason }) => mode === 'gateway' && reason === 'self') : undefined
  return own ? { host: own.host ?? null, ip: own.ip ?? null, version: own.version ?? null, platform: own.platform ?? null } : null
}

function configOf(answer: any) {
  if (!answer) return null
  const { gateway = {} } = answer.config ?? {}
  const has = (value: unknown) => value !== undefined && value !== null && value !== ''
  return {
    path: answer.path,
    exists: answer.exists,
    valid: answer.valid,
    issues: answer.issues ?? [],
    legacyIssues: answer.legacyIssues ?? [],
    gateway: {
      mode: gateway.mode ?? null,
      bind: gateway.bind ?? null,
      port: gateway.port ?? null,
      controlUiEnabled: gateway.controlUi?.enabled ?? null,
      controlUiBasePath: gateway.controlUi?.basePath ?? null,
      authMode: gateway.auth?.mode ?? null,
      authTokenConfigured: has(gateway.auth?.token),
      authPasswordConfigured: has(gateway.auth?.password),
      remoteUrl: gateway.remote?.url ?? null,
      remoteTokenConfigured: has(gateway.remote?.token),
      remotePasswordConfigured: has(gateway.remote?.password),
      tailscaleMode: gateway.tailscale?.mode ?? null,
    },
    discovery: { wideAreaEnabled: answer.config?.discovery?.wideArea?.enabled ?? null },
  }
}
