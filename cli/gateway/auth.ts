import { randomBytes } from 'node:crypto'
import type { GatewayConfig } from 'openclaw'
import { GatewayError, type SecretRef } from 'openclaw/plugin'
import { isConfigured } from '../../core/secret.js'
import type { Env } from '../paths.js'

export const authModes = ['none', 'token', 'password', 'trusted-proxy'] as const
export type AuthMode = (typeof authModes)[number]

/** What the command line says about authentication; it wins over file and environment. */
export interface AuthFlags {
  readonly mode?: AuthMode
  readonly token?: string
  readonly password?: string
}

export interface AuthDecision {
  /** For the kernel: the mode, and its secret as text. */
  readonly auth: NonNullable<GatewayConfig['auth']>
  /** No token was anywhere: one has to be made. It is kept in the file unless the command line chose the mode. */
  readonly missingToken?: 'persist' | 'ephemeral'
}

/** 256 bits in hex. */
export const generateToken = (): string => randomBytes(32).toString('hex')

/**
 * Mode and secret of the gateway: command line, then the file, then `OPENCLAW_GATEWAY_TOKEN` and `…_PASSWORD`. A blank
 * value or an unresolved `${NAME}` is none. Throws `auth` with the text to print, `secret_unavailable` for a reference.
 */
export async function decideAuth(
  configured: GatewayConfig['auth'] = {},
  env: Env,
  flags: AuthFlags,
  resolve: (ref: SecretRef) => Promise<string | undefined>,
): Promise<AuthDecision> {
  const has = (ref: SecretRef | undefined) => (typeof ref === 'string' ? isConfigured(ref) : ref !== undefined)
  const forced = flags.mode ?? (flags.password !== undefined ? 'password' : flags.token !== undefined ? 'token' : undefined)
  if (!forced && !configured.mode && has(configured.token) && has(configured.password))
    throw new GatewayError(
      'auth',
      'Invalid config: gateway.auth.token and gateway.auth.password are both configured, but gateway.auth.mode is unset. ' +
        'Set gateway.auth.mode to token or password.',
    )
  const password = flags.password ?? (has(configured.password) ? configured.password : env['OPENCLAW_GATEWAY_PASSWORD'])
  const token = flags.token ?? (has(configured.token) ? configured.token : env['OPENCLAW_GATEWAY_TOKEN'])
  const mode = flags.mode ?? configured.mode ?? forced ?? (has(password) ? 'password' : 'token')
  const { token: _token, password: _password, ...rest } = configured
  const base = { ...rest, mode }
  if (mode === 'none' || mode === 'trusted-proxy') return { auth: base }
  const ref = mode === 'token' ? token : password
  const secret = has(ref) ? await resolve(ref as SecretRef) : undefined
  if (isConfigured(secret)) return { auth: { ...base, [mode]: secret } }
  // A reference to an unset variable stays in the file: it is somebody's plan, not an empty place.
  const planned = typeof configured.token === 'string' && configured.token.includes('${')
  if (mode === 'token') return { auth: base, missingToken: flags.mode || planned ? 'ephemeral' : 'persist' }
  throw new GatewayError(
    'auth',
    'Gateway auth is set to password, but no password is configured.\n' +
      'Set gateway.auth.password (or OPENCLAW_GATEWAY_PASSWORD), or pass --password.',
  )
}
