import { arch, release } from 'node:os'
import type { Offline } from '../contracts/offline.js'
import type { Findings } from './status-command.js'

/** What `status --json` prints: every key also when no gateway answers. */
export async function statusDocument(context: Offline, { target, connectMs, error, answers }: Findings, deep: boolean) {
  const [{ effective }, local] = await Promise.all([context.config(), context.local()])
  const { status = {}, 'system-presence': presence, 'sessions.list': sessions, 'agents.list': agents } = answers
  const mode = effective['gateway']?.mode === 'remote' ? 'remote' : 'local'
  const service = describeService(local.pid)
  return {
    runtimeVersion: status.runtimeVersion ?? context.version,
    heartbeat: status.heartbeat ?? { defaultAgentId: agents?.defaultId ?? 'main', agents: [] },
    channelSummary: status.channelSummary ?? [],
    queuedSystemEvents: status.queuedSystemEvents ?? [],
    sessions: withRecent(status.sessions, sessions),
    os: { platform: process.platform, arch: arch(), release: release(), label: osLabel() },
    update: { root: null, installKind: 'package', packageManager: null, deps: null, registry: { latestVersion: null } },
    updateChannel: 'stable',
    updateChannelSource: 'default',
    memory: null,
    memoryPlugin: { enabled: false, slot: null },
    gateway: {
      mode,
      url: target?.url ?? null,
      urlSource: target?.source ?? null,
      misconfigured: target === undefined || target.source.startsWith('missing'),
      reachable: error === undefined,
      connectLatencyMs: connectMs ?? null,
      self: selfOf(presence),
      error: error ?? null,
      authWarning: target?.unresolved === undefined ? null : unresolvedText(target.unresolved),
    },
    gatewayService: service,
    nodeService: { ...service, runtimeShort: 'stopped' },
    agents: agentsOf(agents, status.sessions, effective),
    secretDiagnostics: target?.unresolved === undefined ? [] : [unresolvedText(target.unresolved)],
    ...(deep && { health: answers['health'] ?? null, lastHeartbeat: answers['last-heartbeat'] ?? null }),
  }
}
export type StatusDocument = Awaited<ReturnType<typeof statusDocument>>

const unresolvedText = (path: string) =>
  `${path} SecretRef is unresolved in this command path; probing without configured auth credentials.`

/** As in `Linux 6.1.0 (x64)`. */
const osLabel = () => {
  const names: Record<string, string> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }
  return `${names[process.platform] ?? process.platform} ${release()} (${arch()})`
}

/** No service can be installed yet; what runs, runs in the foreground. */
function describeService(pid: number | undefined) {
  const labels: Record<string, string> = { darwin: 'LaunchAgent', win32: 'Scheduled Task' }
  return {
    label: labels[process.platform] ?? 'systemd',
    installed: false,
    managedByOpenClaw: false,
    externallyManaged: false,
    loadedText: 'not installed',
    runtimeShort: pid === undefined ? 'stopped' : `running (pid ${pid}, foreground)`,
  }
}

/** Callers without admin scope get no rows with the status; the list has them. */
function withRecent(status: any, list: any) {
  const { paths = [], count = list?.count ?? 0, defaults = { model: null, contextTokens: null }, recent = [], byAgent = [] } = status ?? {}
  const now = Date.now()
  const rows = (list?.sessions ?? []).map((row: any) => ({ ...row, age: row.updatedAt ? now - row.updatedAt : null }))
  const from = list?.defaults ?? {}
  return {
    paths,
    count,
    defaults: { model: defaults.model ?? from.model ?? null, contextTokens: defaults.contextTokens ?? from.contextTokens ?? null },
    recent: recent.length > 0 ? recent : rows,
    byAgent,
  }
}

function selfOf(presence: any) {
  const own = Array.isArray(presence) ? presence.find(({ mode, reason }) => mode === 'gateway' && reason === 'self') : undefined
  return own ? { host: own.host ?? null, ip: own.ip ?? null, version: own.version ?? null, platform: own.platform ?? null } : null
}

function agentsOf(list: any, sessions: any, effective: Record<string, any>) {
  const configured = (effective['agents']?.list ?? []).map(({ id }: { id: string }) => ({ id }))
  const known: { id: string }[] = list?.agents ?? (configured.length > 0 ? configured : [{ id: 'main' }])
  const counts = new Map<string, any>((sessions?.byAgent ?? []).map((each: any) => [each.agentId, each]))
  const agents = known.map(({ id }) => {
    const { path = null, count = 0, recent = [] } = counts.get(id) ?? {}
    const updatedAt: number | null = recent[0]?.updatedAt ?? null
    return {
      id,
      workspaceDir: workspaceOf(effective, id),
      bootstrapPending: false,
      sessionsPath: path,
      sessionsCount: count,
      lastUpdatedAt: updatedAt,
      lastActiveAgeMs: updatedAt === null ? null : Date.now() - updatedAt,
    }
  })
  const totalSessions = agents.reduce((sum, { sessionsCount }) => sum + sessionsCount, 0)
  return { defaultId: list?.defaultId ?? known[0]?.id ?? 'main', agents, totalSessions, bootstrapPendingCount: 0 }
}

function workspaceOf(effective: Record<string, any>, id: string): string | null {
  const { list = [], defaults = {} } = effective['agents'] ?? {}
  return list.find((agent: any) => agent.id === id)?.workspace ?? defaults.workspace ?? null
}
