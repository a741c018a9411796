import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { AuthRule } from './access.js'
import { GatewayError, type Issue } from './errors.js'
import { isLoopback, type LimiterSettings } from './limiter.js'
import { type GatewayConfig, gatewaySchema, type Limits, limitsSchema } from './schema.js'
import { isWeak, type SecretBook } from './secret.js'
import { validateConfig } from './validate.js'

/** The kernel's own configuration, checked and ready for use. Part of a generation. */
export interface Settings {
  readonly limits: Limits
  readonly port: number
  /** Addresses to bind; one after the first is an alias whose failure is only a warning. */
  readonly bind: readonly string[]
  readonly tls: { cert: string; key: string; ca?: string } | undefined
  readonly auth: AuthRule
  readonly limiter: LimiterSettings
  /** Risky but allowed; the host shows them at start. */
  readonly warnings: readonly string[]
}

const invalid = (...issues: Issue[]) =>
  new GatewayError('invalid_config', issues.map(({ path, message }) => `${path}: ${message}`).join('; '), { issues })
const refuse = (message: string, path = 'gateway.auth') => invalid({ path, message })

/** Check the sections `gateway` and `limits`. Throws `invalid_config` with every issue. */
export async function compileSettings(raw: { gateway?: unknown; limits?: unknown }, secrets: SecretBook): Promise<Settings> {
  const checked = await validateConfig(gatewaySchema, raw.gateway ?? {}, 'gateway')
  const limits = await validateConfig(limitsSchema, raw.limits ?? {}, 'limits')
  const issues = [...checked.issues, ...limits.issues]
  if (issues.length > 0) throw invalid(...issues)
  const gateway = checked.value as GatewayConfig
  const bind = bindAddresses(gateway)
  const port = gateway.port ?? 18_789
  const auth = await authRule(gateway, secrets, bind.every(isLoopback))
  const { tls } = gateway
  if (tls?.enabled && !(tls.cert && tls.key)) throw refuse('gateway tls: cert/key missing', 'gateway.tls')
  const warnings = checkExposure(auth, bind, port)
  const { maxAttempts = 10, windowMs = 60_000, lockoutMs = 300_000, exemptLoopback = false } = gateway.auth?.rateLimit ?? {}
  const pem = tls?.enabled && tls.cert && tls.key ? { cert: tls.cert, key: tls.key, ...(tls.ca && { ca: tls.ca }) } : undefined
  return {
    limits: limits.value as Limits,
    port,
    bind,
    tls: pem,
    auth,
    limiter: { maxAttempts, windowMs, lockoutMs, exemptLoopback },
    warnings,
  }
}

async function authRule(
  { auth = {}, trustedProxies = [], allowRealIpFallback = false }: GatewayConfig,
  secrets: SecretBook,
  loopbackOnly: boolean,
): Promise<AuthRule> {
  const token = await secrets.resolve(auth.token)
  const password = await secrets.resolve(auth.password)
  if (!auth.mode && token && password)
    throw refuse(
      'gateway.auth.token and gateway.auth.password are both configured, but gateway.auth.mode is unset. Set gateway.auth.mode to token or password.',
    )
  const mode = auth.mode ?? (password ? 'password' : 'token')
  if (mode === 'token' && !token)
    throw refuse('gateway auth mode is token, but no token was configured (set gateway.auth.token or OPENCLAW_GATEWAY_TOKEN)')
  if (mode === 'password' && !password) throw refuse('gateway auth mode is password, but no password was configured')
  const odd = trustedProxies.find((entry) => !isNetwork(entry))
  if (odd !== undefined) throw refuse(`"${odd}" is not an IP address or CIDR range`, 'gateway.trustedProxies')
  if (mode === 'trusted-proxy' && trustedProxies.length === 0)
    throw refuse('gateway auth mode is trusted-proxy; it requires gateway.trustedProxies to be configured with at least one proxy IP')
  const secret = mode === 'token' ? token : mode === 'password' ? password : undefined
  return { mode, secret, trustedProxies, allowRealIpFallback, loopbackOnly }
}

/** An address, or an address and the bits of its network. */
function isNetwork(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/')
  const family = isIP(address)
  return family !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32)))
}

/** Refuse what would stand open; answer what is allowed but worth a warning. */
function checkExposure({ mode, secret, trustedProxies }: AuthRule, bind: readonly string[], port: number): string[] {
  const open = bind.find((address) => !isLoopback(address))
  if (mode === 'none') {
    const how = 'set gateway.auth.token/password, or set OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD'
    if (open) throw refuse(`refusing to bind gateway to ${open}:${port} without auth (${how})`)
    if (trustedProxies.length > 0)
      throw refuse(`gateway.auth.mode=none cannot be used behind a proxy (${how}, or remove gateway.trustedProxies)`)
    return ['Gateway auth mode=none explicitly configured; all gateway connections are unauthenticated.']
  }
  if (open && secret && isWeak(secret.reveal()))
    throw refuse(`refusing to bind gateway to ${open}:${port} with a weak secret (use at least 16 characters that nobody would guess)`)
  return []
}

function bindAddresses({ bind = 'loopback', customBindHost }: GatewayConfig): string[] {
  const loopback = ['127.0.0.1', '::1']
  if (bind === 'lan') return ['0.0.0.0']
  if (bind === 'tailnet') {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const tailnet = addresses.find(({ address }) => /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address))
    return tailnet ? [tailnet.address] : loopback
  }
  if (bind !== 'custom') return loopback
  const path = 'gateway.customBindHost'
  if (!customBindHost) throw refuse('gateway.bind=custom requires gateway.customBindHost', path)
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(customBindHost))
    throw refuse(`gateway.bind=custom requires a valid IPv4 customBindHost (got ${customBindHost})`, path)
  return [customBindHost]
}
