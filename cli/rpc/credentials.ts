import type { GatewayConfig } from 'openclaw'
import { GatewayError } from 'openclaw/plugin'
import type { RpcSettings } from '../../plugins/contracts/offline.js'
import { isConfigured, type SecretRef } from '../../core/secret.js'
import type { Env } from '../paths.js'
import { createSecretResolver, type SecretContext } from '../secrets/resolver.js'
import type { Place } from './target.js'

/** What a client presents. */
export interface Credentials {
  readonly token?: string
  readonly password?: string
  /** Given for this call, by flag or environment: then nothing else is presented, whatever the gateway proposes. */
  readonly given?: boolean
  /** The first reference that could not be resolved, when it left us with nothing. */
  readonly unresolved?: string
}

interface Wish {
  readonly place: Place
  readonly flags: { readonly token?: string | undefined; readonly password?: string | undefined }
  /** In remote mode only what is meant for the remote gateway. */
  readonly probe: boolean
  readonly policy: NonNullable<RpcSettings['credentials']>
}

/** A value or a reference, and where it is written. */
type Candidate = readonly [at: string, ref: unknown]

/** Token and password by the rules of precedence; flags, then what belongs to where the URL came from. */
export async function chooseCredentials(gateway: GatewayConfig, secrets: SecretContext, wish: Wish): Promise<Credentials> {
  const { flags, place, policy } = wish
  if (isConfigured(flags.token) || isConfigured(flags.password))
    return {
      ...(isConfigured(flags.token) && { token: flags.token }),
      ...(isConfigured(flags.password) && { password: flags.password }),
      given: true,
    }
  if (place.source === 'cli --url' && policy !== 'forwarded') return {}
  const { tokens, passwords } = candidates(gateway, secrets.env, wish)
  const resolve = createSecretResolver(() => secrets)
  const [token, password] = await Promise.all([first(tokens, resolve), first(passwords, resolve)])
  const unresolved = token.unresolved ?? password.unresolved
  const none = token.value === undefined && password.value === undefined
  return {
    ...(token.value !== undefined && { token: token.value }),
    ...(password.value !== undefined && { password: password.value }),
    ...([token, password].some(({ at }) => at?.startsWith('OPENCLAW_')) && { given: true }),
    ...(none && unresolved !== undefined && { unresolved }),
  }
}

function candidates(gateway: GatewayConfig, env: Env, { place, probe }: Wish): { tokens: Candidate[]; passwords: Candidate[] } {
  const { auth = {}, remote = {} } = gateway
  const fromEnv = {
    token: ['OPENCLAW_GATEWAY_TOKEN', env['OPENCLAW_GATEWAY_TOKEN']] as const,
    password: ['OPENCLAW_GATEWAY_PASSWORD', env['OPENCLAW_GATEWAY_PASSWORD']] as const,
  }
  if (place.source === 'env OPENCLAW_GATEWAY_URL') return { tokens: [fromEnv.token], passwords: [fromEnv.password] }
  const own = { token: ['gateway.auth.token', auth.token] as const, password: ['gateway.auth.password', auth.password] as const }
  const distant = {
    token: ['gateway.remote.token', remote['token']] as const,
    password: ['gateway.remote.password', remote['password']] as const,
  }
  const toRemote = place.source === 'config gateway.remote.url' || (place.source === 'cli --url' && gateway.mode === 'remote')
  // In a mode that has no use for one kind, its reference is nobody's business.
  const only = (kind: 'token' | 'password', list: Candidate[]) =>
    (auth.mode === 'token' || auth.mode === 'password') && auth.mode !== kind ? [] : list
  if (toRemote)
    return {
      tokens: probe ? [distant.token] : [distant.token, fromEnv.token, own.token],
      passwords: [fromEnv.password, distant.password, own.password],
    }
  const service = env['OPENCLAW_SERVICE_KIND'] === 'gateway'
  return {
    tokens: only('token', service ? [own.token, fromEnv.token, distant.token] : [fromEnv.token, own.token, distant.token]),
    passwords: only('password', [fromEnv.password, own.password, distant.password]),
  }
}

/** The first that is written down counts, also when it cannot be resolved: nobody wants another one sent in its place. */
async function first(list: readonly Candidate[], resolve: (ref: SecretRef) => Promise<string | undefined>) {
  for (const [at, ref] of list) {
    if (typeof ref === 'string' ? !isConfigured(ref) : typeof ref !== 'object' || ref === null) continue
    try {
      const value = await resolve(ref as SecretRef)
      return isConfigured(value) ? { value, at } : { unresolved: at }
    } catch {
      return { unresolved: at }
    }
  }
  return {}
}

/** Stop before the gateway would have to: a given URL needs its own credential, a reference must be resolvable. */
export function requireCredentials({ token, password, unresolved }: Credentials, { source }: Place, config: string) {
  if (token !== undefined || password !== undefined) return
  if (unresolved !== undefined)
    throw new GatewayError(
      'rpc_setup',
      [
        `${unresolved} is configured as a secret reference but is unavailable in this command path.`,
        'Fix: set OPENCLAW_GATEWAY_TOKEN or OPENCLAW_GATEWAY_PASSWORD in this environment,',
        'or pass --token or --password.',
      ].join('\n'),
      { details: { code: 'GATEWAY_SECRET_REF_UNAVAILABLE' } },
    )
  if (source === 'cli --url' || source === 'env OPENCLAW_GATEWAY_URL')
    throw new GatewayError(
      'rpc_setup',
      `gateway url override requires explicit credentials\nFix: pass --token or --password (or gatewayToken in tools).\nConfig: ${config}`,
    )
}
