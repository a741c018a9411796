import type { IncomingHttpHeaders } from 'node:http'
import type { Generation } from './generation.js'
import { isPromise } from './guard.js'
import type { Limiter } from './limiter.js'
import type { Log } from './log.js'
import { defineService } from './tokens.js'
import { fingerprint, type Secret } from './secret.js'

/** Who a request acts for. What it may do is here, never in what it claims. */
export interface Principal {
  readonly kind: 'operator' | 'user' | 'key' | 'device'
  readonly id: string
  /** `*` holds every scope. */
  readonly scopes: readonly string[] | '*'
  /** What it may use of a kind, as `{ models: ['openai/*'], agents: ['main'] }`; a final `*` stands for any rest. Kinds that are not named are open. */
  readonly only?: Readonly<Record<string, readonly string[]>>
}
/** A refusal: `deny` is an API error code. */
export interface Denial {
  readonly deny: string
  readonly message?: string
  readonly retryAfterS?: number
}
export type Decision = Principal | Denial

/** Where a request comes from. */
export interface Peer {
  /** The client: the socket's peer, or the first untrusted hop behind a trusted proxy. IPv4-mapped is folded to IPv4. */
  readonly address: string
  /** The socket's peer is in `gateway.trustedProxies`. */
  readonly trusted: boolean
  /** A forwarding header was sent, by whomever. */
  readonly forwarded: boolean
  /** Loopback peer, loopback Host, no forwarding header. Narrows, never grants. */
  readonly direct: boolean
}

/** What hooks and log lines know about one request, upgrade or method call. */
export interface CallInfo {
  readonly id: string
  readonly method: string
  readonly path: string
  /** Key of the row that serves it. */
  readonly route: string
  readonly address: string
  readonly principal: Principal | undefined
}

/** A request for access: what was presented, by whom, for what. */
export interface AccessRequest {
  readonly call: CallInfo
  readonly peer: Peer
  readonly headers: IncomingHttpHeaders
  /** Bearer credential; from the `Authorization` header or the first WebSocket message. */
  readonly bearer: string | undefined
}

/** How the operator's credential is checked. `trusted-proxy` is left to whoever taps `authenticate`. */
export interface AuthRule {
  readonly mode: 'none' | 'token' | 'password' | 'trusted-proxy'
  readonly secret: Secret | undefined
  readonly trustedProxies: readonly string[]
  readonly allowRealIpFallback: boolean
  /** Bound to loopback addresses alone. */
  readonly loopbackOnly: boolean
}

/** The one decision about access, for every transport. Provided by the kernel. */
export interface Access extends Omit<AuthRule, 'secret'> {
  /** Who this is by the kernel's own rules, without counting a failure: for routes that answer anyone. */
  identify(request: Pick<AccessRequest, 'peer' | 'bearer'>): Principal | undefined
  /** Who this is; a wrong credential counts as a failure. Answers at once unless a plugin tapped `authenticate`. */
  authenticate(request: AccessRequest): Decision | Promise<Decision>
  /** May they have `scope`? Answers at once unless a plugin tapped `authorize`. */
  authorize(principal: Principal, call: CallInfo, scope: string): Decision | Promise<Decision>
  /** Both in turn: the one decision about a request. */
  decide(request: AccessRequest, scope: string): Decision | Promise<Decision>
}
export const Access = defineService<Access>('access')

/** Whether what was granted includes a scope: admin holds every one, and who may write may read. */
export const covers = (granted: Principal['scopes'], scope: string): boolean =>
  granted === '*' ||
  granted.includes(scope) ||
  granted.includes('operator.admin') ||
  (scope === 'operator.read' && granted.includes('operator.write'))

const operator: Principal = { kind: 'operator', id: 'operator', scopes: '*' }
const unauthorized: Denial = { deny: 'invalid_api_key', message: 'Unauthorized' }

export function createAccess(rule: AuthRule, limiter: Limiter, log: Log, generation: () => Generation): Access {
  const { secret, ...shown } = rule
  const identify: Access['identify'] = ({ peer, bearer }) => {
    if (rule.mode === 'none') return operator
    // A guessable secret stays locked for everyone at that address; guessing a generated token is hopeless.
    if (rule.mode === 'password' && limiter.lockedForS(peer.address) > 0) return undefined
    if (bearer === undefined || !secret?.matches(bearer)) return undefined
    if (rule.mode === 'password') limiter.succeed(peer.address)
    return operator
  }
  const refuse = ({ peer, bearer, call }: AccessRequest): Denial => {
    if (rule.mode === 'trusted-proxy' || bearer === undefined) return unauthorized
    const retryAfterS = limiter.lockedForS(peer.address)
    if (retryAfterS > 0)
      return { deny: 'rate_limited', message: 'Too many failed authentication attempts. Please try again later.', retryAfterS }
    const credential = fingerprint(bearer)
    if (limiter.fail(peer.address, credential))
      log.warn('authentication failed', { address: peer.address, route: call.route, credential, requestId: call.id })
    return unauthorized
  }
  const authenticate: Access['authenticate'] = (request) => {
    const known = identify(request)
    if (known) return known
    const { authenticate: asked } = generation()
    if (!asked) return refuse(request)
    const { call, peer, headers } = request
    return asked({ call, peer, headers }).then((answer) =>
      !answer || ('deny' in answer && answer.deny === unauthorized.deny) ? refuse(request) : answer,
    )
  }
  const authorize: Access['authorize'] = (principal, call, scope) => {
    if (!covers(principal.scopes, scope)) return { deny: 'missing_scope', message: `missing scope: ${scope}` }
    const { authorize: asked } = generation()
    return asked ? asked({ principal, call, scope }).then((denial) => denial ?? principal) : principal
  }
  const decide: Access['decide'] = (request, scope) => {
    const allow = (who: Decision) => ('deny' in who ? who : authorize(who, request.call, scope))
    const who = authenticate(request)
    return isPromise(who) ? (who as Promise<Decision>).then(allow) : allow(who as Decision)
  }
  return { ...shown, identify, authenticate, authorize, decide }
}

/** The bearer credential in an `Authorization` header; undefined when there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return (authorization && /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim()) || undefined
}
