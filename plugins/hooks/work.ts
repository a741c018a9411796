import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { GatewayError, type Handle, messageOf, type Row } from 'openclaw/plugin'
import type { HookChanges, HookTransform } from '../contracts/hooks.js'
import type { Call } from '../contracts/http.js'
import { type AgentCall, readAgentCall, wakeModeOf } from './agent-call.js'
import type { ClaimKey, Claims } from './claims.js'
import { findTransform } from './credentials.js'
import { type Action, actionOf, transformed } from './mapped.js'
import type { Mapping } from './mapping.js'
import { bad, idempotencyKey, plainHeaders, textIn } from './request.js'
import { callDigest, place, type Runner, type RunnerHost } from './runner.js'
import type { Settings } from './settings.js'
import { framedLine } from './untrusted.js'

export interface WorkHost extends Pick<RunnerHost, 'agents' | 'events' | 'log'> {
  readonly settings: Settings
  readonly transforms: Handle<ReadonlyMap<string, Row<HookTransform>>>
  readonly runner: Runner
  claims(): Claims
}

/** A request whose sender is proven. */
export interface HookRequest {
  readonly call: Call
  readonly res: ServerResponse
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly payload: unknown
  /** Whose credential it was: keys of one are none of another. */
  readonly scope: string
  /** What a signed delivery is remembered as. */
  readonly delivery: string | undefined
}

const fieldsOf = ({ payload }: HookRequest) => payload as Readonly<Record<string, unknown>>
const digest = (...parts: string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/** 204, which has no body and no length. */
export const replyNothing = (res: ServerResponse): void => void res.writeHead(204).end()

/** What hooks do, and answer. */
export class Work {
  constructor(readonly host: WorkHost) {}

  wake(request: HookRequest) {
    const text = textIn(fieldsOf(request)['text'])
    if (text === undefined) throw bad('text required')
    const mode = wakeModeOf(fieldsOf(request)['mode'] ?? 'now')
    this.host.events.current.add(text)
    request.call.replyJson(200, { ok: true, mode })
  }

  agent(request: HookRequest): Promise<void> {
    return this.#run(request, readAgentCall(fieldsOf(request)))
  }

  async mapped(mapping: Mapping, request: HookRequest): Promise<void> {
    const { call } = request
    call.note({ hook: mapping.id })
    let action: Action | null
    try {
      action = await this.#action(mapping, request)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'invalid_value') throw error
      this.host.log.error(`the hook "${mapping.id}" failed: ${messageOf(error)}`, { requestId: call.id })
      return call.replyJson(500, { ok: false, error: 'hook mapping failed' })
    }
    if (action === null) return replyNothing(request.res)
    if ('agent' in action) return this.#run(request, action.agent)
    const { text, mode, hook, unsafe } = action.wake
    if (await this.#isNew(request)) this.host.events.current.add(unsafe ? text : framedLine(text, hook))
    call.replyJson(200, { ok: true, mode })
  }

  /** Null: its transform skips the request. */
  async #action(mapping: Mapping, { call, headers: sent, path, payload }: HookRequest): Promise<Action | null> {
    const headers = plainHeaders(sent)
    const query = Object.fromEntries(new URLSearchParams(call.query))
    let changes: HookChanges | null | undefined
    if (mapping.transform) {
      const row = findTransform(mapping.transform, this.host.transforms.current)
      if (!row) throw new Error(`its transform "${mapping.transform.module}" is gone`)
      const url = new URL(`http://${sent.host}${call.path}${call.query && `?${call.query}`}`)
      changes = await transformed(row, { payload, headers, url, path })
      if (changes === null) return null
    }
    return actionOf(mapping, { path, now: new Date().toISOString(), headers, query, payload }, changes ?? {})
  }

  async #run(request: HookRequest, asked: AgentCall): Promise<void> {
    const { settings, runner } = this.host
    const { call } = request
    const placed = place(asked, settings, this.host)
    const runId = await runner.start(placed, this.#keyOf(request, callDigest(placed)), call.id)
    call.note({ hook: asked.hook, runId, agent: placed.agent })
    call.replyJson(200, { ok: true, runId })
  }

  /** A delivery by itself, anything else by the key that its sender gave it, if any. */
  #keyOf(request: HookRequest, fields: string): ClaimKey | undefined {
    const { scope, path, delivery, headers, payload } = request
    if (delivery !== undefined) return { kind: 'deliveries', key: digest(scope, delivery) }
    const key = idempotencyKey(headers, payload)
    return key === undefined ? undefined : { kind: 'retries', key: digest(scope, path, fields, key) }
  }

  /** A wake has no run to know it by: a delivery wakes once, a request each time. */
  async #isNew(request: HookRequest): Promise<boolean> {
    const { delivery } = request
    const key = delivery === undefined ? undefined : this.#keyOf(request, '')
    if (!key) return true
    const { repeated } = await this.host.claims().claim(key)
    if (!repeated) this.host.claims().begun(key)
    return !repeated
  }
}
