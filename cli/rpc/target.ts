import { isIP } from 'node:net'
import type { GatewayConfig } from 'openclaw'
import { GatewayError } from 'openclaw/plugin'
import type { RpcSettings, Target } from '../../plugins/contracts/offline.js'
import { portFromEnvironment } from '../gateway/flags.js'
import type { Env, Paths } from '../paths.js'

/** An address and who named it. */
export type Place = Pick<Target, 'url' | 'source'>

/** The port of this machine's gateway, whatever else the file says wrong. */
export function localPort({ port }: GatewayConfig, env: Env): number {
  const usable = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535
  return portFromEnvironment(env) ?? (usable ? port : 18_789)
}

export const localUrl = (gateway: GatewayConfig, env: Env): string =>
  `${gateway.tls?.enabled === true ? 'wss' : 'ws'}://127.0.0.1:${localPort(gateway, env)}`

/** Where a client goes: the flag, the environment, the remote gateway in remote mode, else this machine. Throws `rpc_setup`. */
export function resolvePlace(gateway: GatewayConfig, env: Env, { flag, at }: { flag?: string | undefined; at?: RpcSettings['at'] }): Place {
  const given = at === undefined ? env['OPENCLAW_GATEWAY_URL']?.trim() : undefined
  const remote = at === undefined ? gateway.mode === 'remote' : at === 'remote'
  const distant = remote ? gateway.remote?.['url'] : undefined
  if (flag !== undefined && at === undefined) return { url: checked(flag), source: 'cli --url' }
  if (given) return { url: checked(given), source: 'env OPENCLAW_GATEWAY_URL' }
  if (typeof distant === 'string' && distant.trim() !== '') return { url: checked(distant), source: 'config gateway.remote.url' }
  const source = remote ? 'missing gateway.remote.url (fallback local)' : 'local loopback'
  return { url: localUrl(gateway, env), source }
}

function checked(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  if (url && /^wss?:$/.test(url.protocol)) return text.trim().replace(/^wss?:/i, url.protocol)
  throw new GatewayError('rpc_setup', `Invalid gateway URL "${text}" (use ws://host:port or wss://host:port)`)
}

/** The URL as people and logs may see it: without what may be a credential. */
export function shownUrl(text: string): string {
  const url = new URL(text)
  if (url.username === '' && url.password === '' && url.search === '') return text
  url.username = ''
  url.password = ''
  url.search = ''
  return url.href
}

/** Lines after a connection's error. */
export function describePlace({ url, source }: Place, gateway: GatewayConfig, paths: Paths): string {
  const lines = [`Gateway target: ${shownUrl(url)}`, `Source: ${source}`, `Config: ${paths.config}`]
  if (source === 'local loopback') lines.push(`Bind: ${bindMode(gateway)}`)
  if (source.startsWith('missing'))
    lines.push('Warn: gateway.mode=remote but gateway.remote.url is missing; set gateway.remote.url or switch gateway.mode to local.')
  return lines.join('\n')
}

export const bindMode = ({ bind }: GatewayConfig): string => (typeof bind === 'string' ? bind : 'loopback')

/** A credential never crosses a network in the clear: throws `unsafe_url` for plaintext that leaves this machine. */
export function refusePlaintext({ url, source }: Place, env: Env, paths: Paths) {
  const allowed = env['OPENCLAW_ALLOW_INSECURE_PRIVATE_WS'] === '1' && isPrivate(hostOf(url))
  if (url.startsWith('wss:') || isLoopbackUrl(url) || allowed) return
  throw new GatewayError(
    'unsafe_url',
    [
      `SECURITY ERROR: Gateway URL "${shownUrl(url)}" uses plaintext ws:// to a non-loopback address.`,
      'Credentials and conversations would cross the network readable.',
      `Source: ${source}`,
      `Config: ${paths.config}`,
      'Fix: use wss:// (gateway.tls.enabled, or a TLS proxy before the gateway).',
      'Or tunnel it: ssh -N -L 18789:127.0.0.1:18789 user@gateway-host, then use ws://127.0.0.1:18789.',
      'Or reach it over Tailscale, with tailscale serve before the gateway.',
      'Last resort, private networks only: OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1.',
    ].join('\n'),
  )
}

const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '')

export function isLoopbackUrl(url: string): boolean {
  const host = hostOf(url)
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Addresses that no router of the internet passes on. Names could lead anywhere. */
function isPrivate(host: string): boolean {
  if (isIP(host) === 6) return /^(f[cd]|fe[89ab])/i.test(host)
  return isIP(host) === 4 && /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(host)
}
