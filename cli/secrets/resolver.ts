import type { SecretRef } from 'openclaw/plugin'
import type { Env } from '../paths.js'
import { secretError, type SecretProvider } from './provider.js'

/** Config section `secrets`. */
export interface SecretsConfig {
  providers?: Record<string, SecretProvider>
  defaults?: Partial<Record<'env' | 'file' | 'exec', string>>
}

/** What references are resolved against; read at each use, so that a reload can change it. */
export interface SecretContext {
  readonly env: Env
  readonly home: string
  readonly secrets: SecretsConfig
}

const grammar = {
  env: /^[A-Z][A-Z0-9_]{0,127}$/,
  file: /^(\/.*|value)$/s,
  exec: /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$/,
}

/**
 * Turn secret references into values. Plain text is itself. A reference that cannot be resolved throws
 * `secret_unavailable`: no other source is tried instead.
 */
export const createSecretResolver =
  (context: () => SecretContext) =>
  async (ref: SecretRef): Promise<string | undefined> => {
    if (typeof ref === 'string') return ref
    const { env, home, secrets } = context()
    const { source, id } = ref
    const alias = ref.provider ?? secrets.defaults?.[source] ?? 'default'
    if (!grammar[source].test(id)) throw secretError(`Secret reference has an invalid ${source} id "${id}".`)
    const provider = secrets.providers?.[alias]
    if (!provider && !(source === 'env' && (alias === 'default' || alias === secrets.defaults?.env)))
      throw secretError(`Secret provider "${alias}" is not configured (set secrets.providers.${alias}).`)
    if (provider && provider.source !== source)
      throw secretError(`Secret provider "${alias}" is of source ${provider.source}, the reference says ${source}.`)
    if (provider?.source === 'file') return (await import('./file.js')).readSecretFile(alias, provider, id, home)
    if (provider?.source === 'exec') return (await import('./exec.js')).runSecretHelper(alias, provider, id, env)
    if (provider?.allowlist && !provider.allowlist.includes(id))
      throw secretError(`Environment variable "${id}" is not allowlisted in secrets.providers.${alias}.allowlist.`)
    if (!env[id]) throw secretError(`Environment variable "${id}" is missing or empty.`)
    return env[id]
  }
