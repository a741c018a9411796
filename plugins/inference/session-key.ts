import { createHash, randomUUID } from 'node:crypto'
import type { Principal } from 'openclaw/plugin'

const longestUser = 200
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

export interface SessionNames {
  /** Named by the client, as a key. */
  readonly session: string | undefined
  /** Named by the client, as whom it acts for. */
  readonly user: string | undefined
  /** Of the endpoint. */
  readonly prefix: string
  /** Who asks. What an API key names is among its own sessions, whatever the name: nobody else's can be reached by it. */
  readonly principal: Pick<Principal, 'kind' | 'id'>
}

/** The session of a request. `stable`: later requests come back to it. */
export function sessionKey(agent: string, { session, user, prefix, principal }: SessionNames): { key: string; stable: boolean } {
  const own = principal.kind === 'key' ? `key-${principal.id}:` : ''
  if (session !== undefined)
    return { key: own === '' && /^agent:/i.test(session) ? session : `agent:${agent}:${own}${session}`, stable: true }
  const name = user?.trim()
  if (!name) return { key: `agent:${agent}:${prefix}:${randomUUID()}`, stable: false }
  return { key: `agent:${agent}:${own}${prefix}-user:${partOf(name)}`, stable: true }
}

/** Two users whose names differ in case alone are two, and so are those whose names cannot be part of a key. */
function partOf(name: string): string {
  if (name.length > longestUser || /[\p{Cc}\p{Surrogate}]/u.test(name)) return digestOf(name)
  const lower = name.toLowerCase()
  return lower === name ? name : `${lower}-${digestOf(name).slice(0, 12)}`
}
