import { GatewayError, messageOf } from 'openclaw/plugin'
import { failureText, type LocalGateway, type Offline, type PortReport } from '../contracts/offline.js'
import { printReport } from './gateway-report.js'

/** What `gateway status --json` prints. */
export type GatewayStatus = Awaited<ReturnType<typeof gather>>

/** `gateway status`: exit code 0 also when nothing runs, unless `--require-rpc`. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  try {
    if (options['requireRpc'] && options['probe'] === false)
      throw new GatewayError('usage', '--require-rpc cannot be used with --no-probe.')
    const status = await gather(context, options)
    if (options['json']) out.json(status)
    else await printReport(context, status)
    return options['requireRpc'] && !status.rpc?.ok ? 1 : 0
  } catch (error) {
    const usage = error instanceof GatewayError && error.code === 'usage'
    out.error(`Gateway status failed: ${usage ? messageOf(error) : failureText(error)}`)
    return 1
  }
}

interface Probed {
  readonly ok: boolean
  readonly url: string
  readonly error?: string
  readonly authWarning?: string
}

async function gather(context: Offline, options: Record<string, any>) {
  const [local, config] = await Promise.all([context.local(), context.config()])
  const [port, rpc] = await Promise.all([context.port(local.port), options['probe'] === false ? undefined : probe(context, options, local)])
  const { exists, issues, effective, path } = config
  const file = {
    path,
    exists,
    valid: issues.length === 0,
    ...(issues.length > 0 && { issues: issues.map(({ path, message }) => ({ path: path || '<root>', message })) }),
    ...(effective['gateway']?.controlUi !== undefined && { controlUi: effective['gateway'].controlUi }),
  }
  return {
    service: describeService(local, port, rpc?.ok === true && options['url'] === undefined),
    // No service: what it would run with is what this command sees.
    config: { cli: file, daemon: file },
    gateway: {
      bindMode: local.bindMode,
      bindHost: local.bindHost,
      ...(local.bindMode === 'custom' && { customBindHost: local.bindHost }),
      port: local.port,
      portSource: 'env/config',
      probeUrl: options['url'] === undefined ? local.url : String(options['url']),
      ...noteOn(local),
    },
    port,
    ...(rpc && { rpc }),
    extraServices: [] as readonly unknown[],
  }
}

const services: Readonly<Record<string, readonly [label: string, loaded: string, notLoaded: string]>> = {
  darwin: ['LaunchAgent', 'loaded', 'not loaded'],
  win32: ['Scheduled Task', 'registered', 'missing'],
}

/** None can be installed yet. What runs is told by the instance lock; a gateway without one by its answer. */
function describeService({ pid }: LocalGateway, port: PortReport, answered: boolean) {
  const [label, loadedText, notLoadedText] = services[process.platform] ?? ['systemd', 'enabled', 'disabled']
  const owner = pid ?? (answered ? port.listeners[0]?.pid : undefined)
  const running = owner !== undefined || answered
  return {
    label,
    loaded: false,
    loadedText,
    notLoadedText,
    command: null,
    runtime: running
      ? { status: 'running' as const, ...(owner !== undefined && { pid: owner }), detail: 'foreground' }
      : { status: 'stopped' as const },
    configAudit: { ok: true, issues: [] as readonly unknown[] },
  }
}

function noteOn({ bindMode, bindHost }: LocalGateway): { probeNote?: string } {
  if (bindMode === 'lan') return { probeNote: `bind=lan listens on ${bindHost} (all interfaces); probing via 127.0.0.1.` }
  return bindHost === '127.0.0.1' ? { probeNote: 'Loopback-only gateway; only local clients can connect.' } : {}
}

async function probe(context: Offline, options: Record<string, any>, { url }: LocalGateway): Promise<Probed> {
  const at = options['url'] === undefined ? ({ at: 'local' } as const) : {}
  try {
    await context.rpc(options, (gateway) => gateway.call('status'), { credentials: 'forwarded', ...at })
    return { ok: true, url: String(options['url'] ?? url) }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'usage') throw error
    const { unresolved } = await context.target(options, { credentials: 'forwarded', ...at }).catch(() => ({ unresolved: undefined }))
    return {
      ok: false,
      error: messageOf(error),
      url: String(options['url'] ?? url),
      ...(unresolved !== undefined && {
        authWarning: `${unresolved} SecretRef is unavailable in this command path; probing without configured auth credentials.`,
      }),
    }
  }
}
