import type { Peer, Principal, Secret } from 'openclaw/plugin'
import type { TrustedProxyConfig } from './schema.js'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The user that a trusted proxy vouches for; undefined when anything about the claim is missing. */
export function proxyUser(config: TrustedProxyConfig, secret: Secret | undefined, peer: Peer, headers: Headers): Principal | undefined {
  const { userHeader, requiredHeaders, allowUsers, secretHeader } = config
  if (!peer.trusted || !userHeader) return undefined
  // A repeated header reaches us joined with commas: two values are nobody's.
  const text = (name: string) => String(headers[name.toLowerCase()] ?? '').trim()
  if (secretHeader && !secret?.matches(text(secretHeader))) return undefined
  if (requiredHeaders.some((name) => !text(name))) return undefined
  const id = text(userHeader)
  if (!id || id.includes(',') || (allowUsers.length > 0 && !allowUsers.includes(id))) return undefined
  return { kind: 'user', id, scopes: '*' }
}
