import { readFile } from 'node:fs/promises'
import type { GatewayConfig } from 'openclaw'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { type AuthFlags, authModes } from './auth.js'
import type { Env } from '../paths.js'

type Bind = NonNullable<GatewayConfig['bind']>

/** Flags of `gateway run`, checked. */
export interface RunFlags {
  readonly port?: number
  readonly bind?: Bind
  readonly auth: AuthFlags
  /** The whole set of plugins to run. */
  readonly plugins?: readonly string[]
  readonly allowUnconfigured: boolean
  readonly force: boolean
  readonly verbose: boolean
}

/** Every flag of `gateway run`, as cac wants them. */
export const runOptions: readonly (readonly [flag: string, help: string])[] = [
  ['--port <port>', 'Port to listen on (default 18789)'],
  ['--bind <mode>', 'loopback, lan, tailnet, auto or custom (default loopback)'],
  ['--auth <mode>', 'none, token, password or trusted-proxy'],
  ['--token <token>', 'Token of this run; OPENCLAW_GATEWAY_TOKEN does not show in process listings'],
  ['--password <password>', 'Password of this run; --password-file does not show in process listings'],
  ['--password-file <path>', 'Read the password from a file'],
  ['--plugins <names>', 'Run only these plugins, by comma, and what they need'],
  ['--allow-unconfigured', 'Start without gateway.mode=local in the configuration'],
  ['--dev', 'Write a development configuration when there is none'],
  ['--reset', 'With --dev: write it anew'],
  ['--force', 'End whatever listens on the port first'],
  ['--verbose', 'Show debug lines'],
  ['--ws-log <style>', 'auto, full or compact'],
  ['--compact', 'Same as --ws-log compact'],
  ['--raw-stream', 'Accepted; raw model events are not recorded yet'],
  ['--raw-stream-path <path>', 'Accepted; raw model events are not recorded yet'],
  ['--tailscale <mode>', 'off; serve and funnel are not supported yet'],
]

const problem = (message: string) => new GatewayError('usage', message)

/** What has to hold before the configuration is looked at. Throws `usage`. */
export function checkEarlyFlags(options: Record<string, unknown>, dev: boolean) {
  if (options['reset'] && !dev) throw problem('Use --reset with --dev.')
  if (!['auto', 'full', 'compact', undefined].includes(options['wsLog'] as string | undefined))
    throw problem('Invalid --ws-log (use "auto", "full", "compact")')
}

/** Check the flags in the order in which their errors win. Throws `usage` with the text to print. */
export async function readFlags(options: Record<string, any>, env: Env, warn: (text: string) => void): Promise<RunFlags> {
  const port = options['port'] === undefined ? portFromEnvironment(env) : readPort(String(options['port']))
  const bind = oneOf(options['bind'], ['loopback', 'lan', 'tailnet', 'auto', 'custom'] as const)
  if (bind === null) throw problem('Invalid --bind (use "loopback", "lan", "tailnet", "auto", or "custom")')
  const mode = oneOf(options['auth'], authModes)
  if (mode === null) throw problem('Invalid --auth (use "none", "token", "password", or "trusted-proxy")')
  const tailscale = oneOf(options['tailscale'], ['off', 'serve', 'funnel'] as const)
  if (tailscale === null) throw problem('Invalid --tailscale (use "off", "serve", or "funnel")')
  if (tailscale && tailscale !== 'off')
    throw problem(`--tailscale ${tailscale} is not supported yet. Run "tailscale ${tailscale}" beside the gateway.`)
  const password = await readPassword(options, warn)
  const token = options['token'] as string | undefined
  const names = options['plugins'] as string | undefined
  return {
    ...(port !== undefined && { port }),
    ...(bind && { bind }),
    auth: { ...(mode && { mode }), ...(token !== undefined && { token }), ...(password !== undefined && { password }) },
    ...(names !== undefined && {
      plugins: names
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    }),
    allowUnconfigured: Boolean(options['allowUnconfigured']),
    force: Boolean(options['force']),
    verbose: Boolean(options['verbose']),
  }
}

/** Undefined when not given, null when it is none of the values. */
const oneOf = <T extends string>(value: unknown, values: readonly T[]): T | undefined | null =>
  value === undefined ? undefined : (values.find((each) => each === value) ?? null)

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw problem('Invalid port')
  return port
}

/** `N`, `host:N` and `[v6]:N`. Anything else is not a port and counts as unset. */
export function portFromEnvironment(env: Env): number | undefined {
  const [, digits] = /^(?:\[[^\]]*\]:|[^:]*:)?(\d{1,5})$/.exec(env['OPENCLAW_GATEWAY_PORT']?.trim() ?? '') ?? []
  const port = Number(digits ?? 0)
  return port >= 1 && port <= 65_535 ? port : undefined
}

async function readPassword(options: Record<string, any>, warn: (text: string) => void): Promise<string | undefined> {
  const { password, passwordFile: file } = options as { password?: string; passwordFile?: string }
  if (password !== undefined && file !== undefined) throw problem('Use either --password or --password-file.')
  if (password !== undefined)
    warn('Warning: --password can be exposed via process listings. Prefer --password-file or OPENCLAW_GATEWAY_PASSWORD.')
  if (file === undefined) return password
  const text = await readFile(file, 'utf8').catch((error) => {
    throw problem(`Failed to inspect Gateway password file at ${file}: Error: ${messageOf(error)}`)
  })
  if (text.trim() === '') throw problem(`Gateway password file at ${file} is empty.`)
  return text.trim()
}
