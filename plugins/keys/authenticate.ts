import { bearerOf, covers, type Decision, type HookEvents } from 'openclaw/plugin'
import { isApi } from '../contracts/http.js'
import { stateOf } from './key.js'
import type { Keyring } from './keyring.js'
import { parseSecret } from './secret.js'

type Request = HookEvents['authenticate']

/** The kernel takes it for a wrong credential like any other: counts it, and tells nothing of why. */
const invalid: Decision = { deny: 'invalid_api_key' }
const ambiguous: Decision = { deny: 'bad_request', message: 'Authorization and x-api-key carry different credentials. Send one of them.' }
const elsewhere: Decision = { deny: 'missing_scope', message: 'missing scope: operator.admin' }

/** Who a key stands for. Answers nothing for what does not look like a key. Looks at memory alone. */
export function authenticate(keyring: Keyring, { call, headers }: Request, now: number): Decision | undefined {
  const bearer = bearerOf(one(headers['authorization']))
  const apiKey = call.path.startsWith('/v1/') ? one(headers['x-api-key']) : undefined
  const presented = parseSecret(bearer ?? apiKey ?? '')
  if (bearer !== undefined && apiKey !== undefined && apiKey !== bearer && (presented || parseSecret(apiKey))) return ambiguous
  if (!presented) return undefined
  const held = keyring.find(presented)
  if (!held || stateOf(held.key, now) !== 'active') return invalid
  const { key, principal, bucket } = held
  // The gateway itself is for operators; what a key opens is what programs call.
  if (!isApi(call.path) && !covers(principal.scopes, 'operator.admin')) return elsewhere
  const waitMs = bucket?.take(now) ?? 0
  if (waitMs > 0) return tooMany(key.requestsPerMinute as number, waitMs)
  keyring.uses.note(key.id, now)
  return principal
}

const one = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value.trim() || undefined : undefined

function tooMany(perMinute: number, waitMs: number): Decision {
  const retryAfterS = Math.ceil(waitMs / 1_000)
  const message = `Rate limit reached: this key may make ${perMinute} requests a minute. Try again in ${retryAfterS} s.`
  return { deny: 'rate_limit_exceeded', message, retryAfterS }
}
