import { defineSchema, defineSurface, GatewayError, type Principal, type Schema } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'

/** What a WebSocket client said of itself in `connect`, and what it was granted. */
export interface Client {
  /** Of this connection; a uuid. */
  readonly connId: string
  /** Kind of program: `cli`, `openclaw-control-ui`, `gateway-client`, … */
  readonly id: string
  /** `webchat`, `cli`, `ui`, `backend`, `node`, `probe` or `test`. */
  readonly mode: string
  readonly version: string
  readonly platform: string
  readonly displayName?: string
  readonly instanceId?: string
  readonly role: 'operator' | 'node'
  /** Effective: what was asked for, within what is granted. */
  readonly scopes: readonly string[]
  readonly caps: readonly string[]
  /** Proven device, if it has one. */
  readonly deviceId?: string
  readonly principal: Principal
  readonly address: string
}

export interface MethodCall<Params = any> {
  readonly params: Params
  readonly client: Client
  /** Runs through logs, runs and upstream attempts. */
  readonly requestId: string
  /** Aborted when the connection closes. Work that was accepted goes on regardless. */
  readonly cancellation: Cancellation
  /** Answer before the final answer, on the same frame id: two-stage methods say `accepted` first. */
  respond(payload: unknown): void
}

/** A payload that is JSON already: serialised once, sent many times. */
export class Serialized {
  constructor(readonly json: string) {}
}

export interface Method<Params = any> {
  /** Scope an operator must hold; `null`: any authenticated connection. An unknown method needs `operator.admin`. */
  readonly scope: string | null
  /** `node`: only for connections of that role, without a scope. */
  readonly role?: 'node'
  /** Closed unless it says otherwise; without one, `params` is passed as it is, `{}` when absent. */
  readonly params?: Schema<Params>
  /** Not named in `hello-ok.features.methods`. */
  readonly hidden?: boolean
  /** `control`: counts against the 3 calls a minute that a device may make to change the gateway itself. */
  readonly budget?: 'control'
  /** Tokens it takes from the connection's rate limit. Default 1. */
  readonly cost?: number
  /** The answer is the payload. Throw `refusal(…)` for an error that the client shall see as it is. */
  handler(call: MethodCall<Params>): unknown
}

/** WebSocket methods by name. Owned by the plugin `ws-protocol`. */
export const Methods = defineSurface<Method, { add<Params>(name: string, method: Method<Params>): void }>('methods', (add, plugin) => ({
  add(name, method) {
    if (method.scope === undefined && method.role !== 'node')
      throw new GatewayError('bad_method', `Method ${name}: needs the scope that it asks for.`, { plugin, hook: 'methods' })
    add(name, method)
  },
}))

/** Codes of a WebSocket error. */
export type WireCode = 'INVALID_REQUEST' | 'UNAVAILABLE' | 'NOT_PAIRED' | 'NOT_LINKED' | 'AGENT_TIMEOUT'

/** An error for a WebSocket client, sent as it is. */
export const refusal = (code: WireCode, message: string, detail: { details?: unknown; retryAfterMs?: number } = {}): GatewayError =>
  new GatewayError(code, message, {
    ...('details' in detail && { details: detail.details }),
    ...(detail.retryAfterMs !== undefined && { retryAfterS: detail.retryAfterMs / 1_000 }),
  })

/**
 * Schema of a method's parameters: an object with these properties and no other. Export it as `…Schema` from
 * `plugins/<id>/params-schema.ts`, so that its validator is made at build.
 */
export const closed = <Params>(properties: Record<string, unknown>, required: readonly string[] = []): Schema<Params> =>
  defineSchema<Params>({ type: 'object', additionalProperties: false, required, properties })
/** A string that is not empty. */
export const text = { type: 'string', minLength: 1 }
