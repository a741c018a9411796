import type { Offline } from '../contracts/offline.js'
import type { GatewayStatus } from './gateway-status.js'

const mostIssues = 5
const mostErrorLines = 12

/** `gateway status` for people: facts on stdout, complaints on stderr. */
export async function printReport(context: Offline, status: GatewayStatus): Promise<void> {
  const { out } = context
  const { service, config, gateway, port, rpc } = status
  const { logFile } = await context.local()
  const short = (path: string) => (path.startsWith(`${context.paths.home}/`) ? `~${path.slice(context.paths.home.length)}` : path)
  const file = `${short(config.cli.path)}${config.cli.exists ? '' : ' (missing)'}${config.cli.valid ? '' : ' (invalid)'}`
  out.print(`Service: ${service.label} (${service.notLoadedText})`)
  out.print(`File logs: ${short(logFile)}\n`)
  out.print(`Config (cli): ${file}\nConfig (service): ${file}\n`)
  for (const { path, message } of (config.cli.issues ?? []).slice(0, mostIssues)) out.error(`Config issue: ${path}: ${message}`)
  out.print(`Gateway: bind=${gateway.bindMode} (${gateway.bindHost}), port=${gateway.port} (${gateway.portSource})`)
  out.print(`Probe target: ${gateway.probeUrl}`)
  out.print(`Dashboard: ${await dashboard(context, gateway.probeUrl)}`)
  if (gateway.probeNote !== undefined) out.print(`Probe note: ${gateway.probeNote}`)
  out.print(`\nRuntime: ${runtimeText(service.runtime)}`)
  if (rpc?.ok) out.print('RPC probe: ok')
  else if (rpc) printFailure(out, rpc)
  printPort(out, status)
  if (port.listeners.length > 0) out.print(`\nListening: ${port.listeners.map(({ address }) => address).join(', ')}`)
  if (service.runtime.status === 'stopped') out.error('Service not installed. Start the gateway in the foreground with: openclaw gateway')
  out.print('\nTroubles: run openclaw status\nTroubleshooting: openclaw logs --limit 50')
}

const runtimeText = (runtime: GatewayStatus['service']['runtime']): string =>
  runtime.status === 'stopped'
    ? 'stopped'
    : `running (${'pid' in runtime && runtime.pid !== undefined ? `pid ${runtime.pid}, ` : ''}${runtime.detail})`

/** The page belongs to a plugin of its own. */
async function dashboard(context: Offline, url: string): Promise<string> {
  const page = (await context.plugins()).find(({ name }) => name === 'control-ui')
  return page?.enabled ? url.replace(/^ws/, 'http') : 'disabled'
}

function printFailure(out: Offline['out'], { error = '', url, authWarning }: NonNullable<GatewayStatus['rpc']>) {
  out.error('RPC probe: failed')
  if (authWarning !== undefined) out.error(`RPC auth: ${authWarning}`)
  out.error(`RPC target: ${url}`)
  for (const line of error.split('\n').slice(0, mostErrorLines)) out.error(`  ${line}`)
}

/** Who has the port, where that may be why nothing answered. */
function printPort(out: Offline['out'], { service, port, rpc }: GatewayStatus) {
  if (rpc?.ok !== true && port.status === 'busy') {
    out.error(`Port ${port.port} is already in use.`)
    for (const { pid, user, commandLine, address } of port.listeners) out.error(`- pid ${pid} ${user}: ${commandLine} (${address})`)
    for (const hint of port.hints) out.error(hint)
  }
  const { runtime } = service
  if (runtime.status === 'stopped' || !('pid' in runtime)) return
  if (port.status === 'free') out.error(`Gateway port ${port.port} is not listening (process ${runtime.pid} appears running).`)
  const others = port.listeners.map(({ pid }) => pid).filter((pid) => pid !== runtime.pid)
  if (others.length > 0 && !port.listeners.some(({ pid }) => pid === runtime.pid))
    out.error(`Gateway runtime PID does not own the listening port. Other gateway process(es) are listening: ${others.join(', ')}`)
}
