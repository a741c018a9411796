import type { Offline } from '../contracts/offline.js'
import { ageText, countText } from '../contracts/units.js'
import { accountText } from './channel-lines.js'
import type { Findings } from './status-command.js'
import { type StatusDocument, statusDocument } from './status-document.js'

/** `status` for people. */
export async function reportShort(context: Offline, findings: Findings, deep: boolean): Promise<void> {
  const { out } = context
  const document = await statusDocument(context, findings, deep)
  out.print('OpenClaw status\n\nOverview')
  out.table(['Item', 'Value'], await overview(context, findings, document, deep))
  out.print('\nChannels')
  channels(out, findings.answers['channels.status'])
  out.print('\nSessions')
  sessions(out, document)
  if (deep) health(out, findings.answers['health'])
  const next = document.gateway.reachable
    ? 'Need to test channels? openclaw status --deep'
    : 'Fix reachability first: openclaw gateway probe'
  out.print(`\nNext steps:\n  Need to share? openclaw status --all\n  Need to debug live? openclaw logs --follow\n  ${next}`)
}

/** `status --all`: what to send along with a question. */
export async function reportAll(context: Offline, findings: Findings): Promise<void> {
  const { out } = context
  const [document, config] = await Promise.all([statusDocument(context, findings, true), context.config()])
  const { gateway, agents } = document
  const file = `${config.path}${config.exists ? '' : ' (missing)'}${config.issues.length > 0 ? ' (invalid)' : ''}`
  out.print('OpenClaw status --all\n\nOverview')
  out.table(
    ['Item', 'Value'],
    [
      ['Version', context.version],
      ['OS', document.os.label],
      ['Node', process.version],
      ['Config', file],
      ...(await overview(context, findings, document, true)).filter(([item]) => item !== 'OS'),
      [
        'Gateway self',
        gateway.self ? `${gateway.self.host} (${gateway.self.ip}) app ${gateway.self.version} ${gateway.self.platform}` : 'unknown',
      ],
      ['Secrets', `${document.secretDiagnostics.length} diagnostics`],
    ],
  )
  out.print('\nChannels')
  channels(out, findings.answers['channels.status'])
  out.print('\nAgents')
  out.table(
    ['Agent', 'Sessions', 'Active', 'Store'],
    agents.agents.map(({ id, sessionsCount, lastActiveAgeMs, sessionsPath }) => [
      id,
      String(sessionsCount),
      lastActiveAgeMs === null ? '-' : ageText(lastActiveAgeMs),
      sessionsPath ?? '-',
    ]),
  )
  await diagnosis(context, findings, document, file)
  out.print('\nPasteable debug report. Auth tokens redacted.')
}

async function overview(context: Offline, { target, answers }: Findings, document: StatusDocument, deep: boolean): Promise<string[][]> {
  const plugins = await context.plugins()
  const { gateway, gatewayService: service, agents, heartbeat, queuedSystemEvents, sessions } = document
  const page = plugins.find(({ name }) => name === 'control-ui')?.enabled ? gateway.url?.replace(/^ws/, 'http') : undefined
  const beats = heartbeat.agents.filter(({ enabled }: any) => enabled)
  const last = answers['last-heartbeat']
  const known = answers['status'] !== undefined
  return [
    ['Dashboard', page ?? 'disabled'],
    ['OS', `${document.os.label} · node ${process.versions.node}`],
    ['Gateway', gatewayText(document, target?.credentials[0] ?? 'none')],
    ['Gateway service', `${service.label} not installed${service.runtimeShort === 'stopped' ? '' : ` · ${service.runtimeShort}`}`],
    ['Node service', `${service.label} not installed`],
    ['Agents', `${agents.agents.length}${known ? ` · ${agents.totalSessions} sessions` : ''} · default ${agents.defaultId}`],
    ['Plugins', `${plugins.filter(({ enabled }) => enabled).length} of ${plugins.length} enabled`],
    ['Probes', deep ? 'enabled' : 'skipped (use --deep)'],
    ['Events', queuedSystemEvents.length === 0 ? 'none' : `${queuedSystemEvents.length} queued`],
    ['Heartbeat', beats.map(({ agentId, every }: any) => `${every} (${agentId})`).join(', ') || 'disabled'],
    ...(deep ? [['Last heartbeat', typeof last?.ts === 'number' ? `${last.status} · ${ageText(Date.now() - last.ts)}` : 'none']] : []),
    ['Sessions', known ? `${sessions.count} active · default ${sessions.defaults.model ?? 'unknown'}` : 'unknown'],
  ]
}

function gatewayText({ gateway }: StatusDocument, auth: string): string {
  const { mode, url, urlSource, reachable, connectLatencyMs, error, self, misconfigured, authWarning } = gateway
  const head = `${mode} · ${url ?? 'no url'} (${urlSource ?? 'invalid'})`
  if (misconfigured) return `${head} · misconfigured${error ? ` (${error})` : ''}`
  if (!reachable) return `${head} · unreachable (${[error, authWarning].filter((text) => text !== null).join('; ')})`
  const about = self ? ` · ${self.host} (${self.ip}) app ${self.version} ${self.platform}` : ''
  return `${head} · reachable ${connectLatencyMs}ms · auth ${auth}${about}`
}

function channels(out: Offline['out'], answer: any) {
  const { channelOrder = [], channelLabels = {}, channelAccounts = {} } = answer ?? {}
  const rows = (channelOrder as string[]).flatMap((id) =>
    (channelAccounts[id] ?? []).map((account: any) => [
      channelLabels[id] ?? id,
      account.enabled === false ? 'off' : 'on',
      accountText(account),
      [account.accountId, account.lastError].filter(Boolean).join(' · '),
    ]),
  )
  out.table(['Channel', 'Enabled', 'State', 'Detail'], rows.length > 0 ? rows : [['none', '', '', '']])
}

function sessions(out: Offline['out'], { sessions: { recent } }: StatusDocument) {
  const rows = recent.map(({ key, kind, age, model, totalTokens, contextTokens }: any) => [
    key,
    kind ?? 'direct',
    typeof age === 'number' ? ageText(age) : 'unknown',
    model ?? '-',
    typeof totalTokens === 'number' ? `${countText(totalTokens)}${contextTokens ? `/${countText(contextTokens)}` : ''}` : '-',
  ])
  out.table(['Key', 'Kind', 'Age', 'Model', 'Tokens'], rows.length > 0 ? rows : [['no sessions yet', '', '', '', '']])
}

function health(out: Offline['out'], snapshot: any) {
  out.print('\nHealth')
  const { channelOrder = [], channelLabels = {}, channels: states = {} } = snapshot ?? {}
  out.table(
    ['Item', 'Status', 'Detail'],
    [
      ['Gateway', snapshot ? 'reachable' : 'unreachable', snapshot ? `${snapshot.durationMs}ms` : ''],
      ...channelOrder.map((id: string) => [channelLabels[id] ?? id, accountText(states[id] ?? {}), states[id]?.accountId ?? '']),
    ],
  )
}

async function diagnosis(context: Offline, { target, error }: Findings, { secretDiagnostics }: StatusDocument, file: string) {
  const { out } = context
  const local = await context.local()
  const { port, status, listeners } = await context.port(local.port)
  const own = listeners.length > 0 && listeners.every(({ pid }) => pid === local.pid)
  const { issues } = await context.config()
  const check = (ok: boolean, text: string) => out.print(`${ok ? '✓' : '!'} ${text}`)
  out.print(`\nDiagnosis (read-only)\n${target?.detail ?? ''}`)
  check(issues.length === 0, `Config: ${file}`)
  for (const { path, message } of issues) out.print(`    ${path || '<root>'}: ${message}`)
  check(secretDiagnostics.length === 0, `Secret diagnostics (${secretDiagnostics.length})`)
  for (const text of secretDiagnostics) out.print(`    ${text}`)
  check(error === undefined, error === undefined ? 'Gateway answers' : `Gateway: ${error}`)
  check(
    status === 'free' ? local.pid === undefined : own,
    `Port ${port}: ${status === 'free' ? 'free' : own ? 'the gateway listens' : 'in use'}`,
  )
  if (!own) for (const { pid, user, commandLine, address } of listeners) out.print(`    pid ${pid} ${user}: ${commandLine} (${address})`)
  out.print(`  Log file: ${local.logFile}`)
}
