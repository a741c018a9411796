import { GatewayError, type Kernel, messageOf, type Secret } from 'openclaw/plugin'
import type { Entry } from './schema.js'

const loadAgainMs = 2_000
const secretName = /key|token|secret|auth|cookie|password/i

/** The headers that carry an entry's credentials and settings, to its own origin only. */
export interface Credentials {
  /** Resolve the secrets. Never rejects: what is missing is told by `headers`. */
  load(): Promise<void>
  /** Name, value, name, value. Tries again if a secret was missing. Errors: `upstream_auth_error`. */
  headers(): readonly string[] | Promise<readonly string[]>
  /** Every value to be kept out of messages. */
  readonly values: readonly string[]
}

export function createCredentials(name: string, entry: Entry, kernel: Pick<Kernel, 'secret' | 'log'>): Credentials {
  let ready: readonly string[] | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined
  const values: string[] = []

  async function valueOf(what: string, ref: Entry['apiKey']): Promise<string> {
    const secret: Secret | undefined = await kernel.secret(ref)
    if (!secret) throw new GatewayError('secret_missing', `models.providers.${name}.${what} is not set`)
    values.push(secret.reveal())
    return secret.reveal()
  }
  async function resolve() {
    triedAt = performance.now()
    values.length = 0
    try {
      const headers = ['content-type', 'application/json', 'user-agent', 'openclaw']
      if (entry.apiKey !== undefined && entry.apiKey !== '') {
        const key = await valueOf('apiKey', entry.apiKey)
        if (entry.authHeader) headers.push('authorization', `Bearer ${key}`)
      }
      for (const [header, ref] of Object.entries(entry.headers)) {
        const plain = typeof ref === 'string' && !secretName.test(header)
        headers.push(header.toLowerCase(), plain ? ref : await valueOf(`headers.${header}`, ref))
      }
      ready = headers
    } catch (error) {
      ready = undefined
      kernel.log.warn(`credentials of provider "${name}" are not available: ${messageOf(error)}`)
    }
  }
  const load = () => (loading ??= resolve().finally(() => (loading = undefined)))
  const current = () => {
    if (ready) return ready
    const message = `The credentials for provider '${name}' are not available. The gateway's log has the reason.`
    throw new GatewayError('upstream_auth_error', message)
  }
  return {
    load,
    values,
    headers() {
      if (ready || (!loading && performance.now() - triedAt < loadAgainMs)) return current()
      return load().then(current)
    },
  }
}
