import type { HookName } from './hooks.js'
import { defineSchema } from './tokens.js'
import type { SecretRef } from './secret.js'

/** Config section `gateway`: the kernel's own part of it. */
export interface GatewayConfig {
  mode?: 'local' | 'remote'
  port?: number
  bind?: 'auto' | 'loopback' | 'lan' | 'tailnet' | 'custom'
  customBindHost?: string
  auth?: {
    mode?: 'none' | 'token' | 'password' | 'trusted-proxy'
    token?: SecretRef
    password?: SecretRef
    rateLimit?: { maxAttempts?: number; windowMs?: number; lockoutMs?: number; exemptLoopback?: boolean }
  }
  trustedProxies?: string[]
  allowRealIpFallback?: boolean
  /** `cert`, `key` and `ca` are PEM texts; the CLI reads them from the `…Path`s. */
  tls?: {
    enabled?: boolean
    autoGenerate?: boolean
    certPath?: string
    keyPath?: string
    caPath?: string
    cert?: string
    key?: string
    ca?: string
  }
  reload?: { mode?: 'off' | 'restart' | 'hot' | 'hybrid'; debounceMs?: number; deferralTimeoutMs?: number }
  remote?: Record<string, unknown>
}

/** Config section `limits`. Milliseconds and bytes; each has a hard minimum and maximum. */
export interface Limits {
  /** Time one tap of a hook may take. */
  budgetsMs?: Partial<Record<HookName, number>>
  headerBytes: number
  headerTimeoutMs: number
  keepAliveMs: number
  /** How long requests may finish on what was replaced. */
  drainMs: number
  /** How long requests may finish at shutdown. */
  closeDrainMs: number
}

const text = { type: 'string' }
const flag = { type: 'boolean' }
const strings = { type: 'array', items: { type: 'string', minLength: 1 } }
const closed = (properties: Record<string, unknown>) => ({ type: 'object', additionalProperties: false, properties })
const oneOf = (...values: string[]) => ({ type: 'string', enum: values })
const between = (minimum: number, maximum: number, fallback?: number) => ({
  type: 'integer',
  minimum,
  maximum,
  ...(fallback !== undefined && { default: fallback }),
})
const reference = closed({ source: oneOf('env', 'file', 'exec'), provider: text, id: text })
const secret = { ...reference, 'x-secret': true, type: ['string', 'object'], required: ['source', 'id'] }

export const gatewaySchema = defineSchema<GatewayConfig>(
  closed({
    mode: oneOf('local', 'remote'),
    port: between(0, 65_535),
    bind: oneOf('auto', 'loopback', 'lan', 'tailnet', 'custom'),
    customBindHost: text,
    auth: closed({
      mode: oneOf('none', 'token', 'password', 'trusted-proxy'),
      token: secret,
      password: secret,
      rateLimit: closed({
        maxAttempts: between(1, 1_000),
        windowMs: between(1_000, 3_600_000),
        lockoutMs: between(1_000, 86_400_000),
        exemptLoopback: flag,
      }),
    }),
    trustedProxies: strings,
    allowRealIpFallback: flag,
    tls: {
      ...closed({
        enabled: flag,
        autoGenerate: flag,
        certPath: text,
        keyPath: text,
        caPath: text,
        cert: text,
        key: { ...text, 'x-secret': true },
        ca: text,
      }),
      'x-reload': 'process',
    },
    reload: closed({
      mode: oneOf('off', 'restart', 'hot', 'hybrid'),
      debounceMs: between(0, 60_000),
      deferralTimeoutMs: between(0, 3_600_000),
    }),
    remote: { type: 'object' },
  }),
)

export const limitsSchema = defineSchema<Limits>(
  closed({
    budgetsMs: { type: 'object', additionalProperties: between(1, 600_000) },
    headerBytes: between(4_096, 65_536, 16_384),
    headerTimeoutMs: between(1_000, 60_000, 10_000),
    keepAliveMs: between(1_000, 600_000, 65_000),
    drainMs: between(0, 600_000, 30_000),
    closeDrainMs: between(0, 600_000, 10_000),
  }),
)

/** Schema of a plugin that names none: nothing to configure. */
export const emptySchema = defineSchema<unknown>(closed({}))
