import { type CallInfo, covers, type Decision, isPromise, type Row } from 'openclaw/plugin'
import type { Client, Method, MethodCall } from '../contracts/methods.js'
import type { Connection } from './connection.js'
import { errorFrame, isAnswer, parseFrame, type RequestFrame, responseFrame, type WireError, wireError } from './frames.js'
import type { Hub } from './hub.js'
import { checkParams } from './params.js'

/** `unauthorized role` answers in a row that end a connection with the next one. */
const wrongRoleLimit = 10
/** A client that sends too much is not read for this long. */
const pauseMs = 250

const invalid = (message: string): WireError => ({ code: 'INVALID_REQUEST', message })

/** A message of an authenticated client. What is no JSON is ignored. */
export function receive(connection: Connection, data: Buffer, hub: Hub) {
  if (connection.socket.bufferedAmount > hub.owner.config.current.maxBufferedBytes) return hub.drop(connection, 1008, 'slow consumer')
  const frame = parseFrame(data)
  if (!frame) return hub.owner.log.debug('ignored a message that is not JSON', { connId: connection.connId })
  if ('problem' in frame) return refuse(connection, frame.id, invalid(`invalid request frame: ${frame.problem}`))
  const error = overRate(connection, frame, hub)
  if (error) return refuse(connection, frame.id, error)
  new Dispatch(connection, frame, hub).run()
}

/** Any answer but `unauthorized role` begins the count of those anew. */
function refuse(connection: Connection, id: string, error: WireError) {
  connection.wrongRole = 0
  connection.send(errorFrame(id, error))
}

/** Too many requests, or too many at a time. */
function overRate(connection: Connection, { method }: RequestFrame, hub: Hub): WireError | undefined {
  const { requestsPerSecond, requestBurst, maxOpenCalls } = hub.owner.config.current
  const cost = hub.owner.methods.current.get(method)?.value.cost ?? 1
  if (!connection.bucket?.take(cost, requestsPerSecond, requestBurst)) {
    connection.inbox?.rest(pauseMs)
    const message = `rate limit exceeded: more than ${requestsPerSecond} requests a second on this connection`
    return { code: 'UNAVAILABLE', message, retryable: true, retryAfterMs: 1_000 }
  }
  if (connection.openCalls < maxOpenCalls) return undefined
  const message = `too many open calls: ${maxOpenCalls} on this connection wait for their answer`
  return { code: 'UNAVAILABLE', message, retryable: true, retryAfterMs: 1_000 }
}

/** One request on its way: role, scope, budget, existence, parameters, handler. */
class Dispatch implements MethodCall {
  readonly cancellation
  params: unknown
  #answered = false
  #requestId: string | undefined

  constructor(
    readonly connection: Connection,
    readonly frame: RequestFrame,
    readonly hub: Hub,
  ) {
    this.cancellation = connection.cancellation
    this.params = frame.params ?? {}
  }

  /** As it is now: its grants can change while something is awaited. */
  get client() {
    return this.connection.client as Client
  }
  get requestId(): string {
    return (this.#requestId ??= `${this.connection.connId}:${this.frame.id.slice(0, 64)}`)
  }
  /** A function by itself, because handlers take their call apart. */
  get respond() {
    return (payload: unknown) => this.connection.send(responseFrame(this.frame.id, payload))
  }

  run() {
    const { method } = this.frame
    if (method === 'connect') return this.#refuse(invalid('connect is only valid as the first request'))
    const row = this.hub.owner.methods.current.get(method)
    const role = row?.value.role ?? 'operator'
    if (row?.value.scope === null && role !== 'node') return this.#enter(row)
    if (this.client.role !== role) return this.#wrongRole()
    if (role === 'node') return row && this.#enter(row)
    const scope = row?.value.scope ?? 'operator.admin'
    const decision = this.hub.owner.access.current.authorize(this.client.principal, this.#info(), scope)
    if (!isPromise(decision)) return this.#authorized(decision as Decision, row)
    this.#wait(
      (decision as Promise<Decision>).then((settled) => this.connection.isHeard && this.#holds(scope) && this.#authorized(settled, row)),
      row,
    )
  }

  /** Whether it still does: what was decided may have been taken meanwhile. */
  #holds(scope: string): boolean {
    if (covers(this.client.scopes, scope)) return true
    this.#refuse(invalid(`missing scope: ${scope}`))
    return false
  }

  #info(): CallInfo {
    const { frame, client, requestId } = this
    return { id: requestId, method: 'WS', path: frame.method, route: frame.method, address: client.address, principal: client.principal }
  }

  #wrongRole() {
    const inARow = this.connection.wrongRole + 1
    this.#refuse(invalid(`unauthorized role: ${this.client.role}`))
    this.connection.wrongRole = inARow
    if (inARow > wrongRoleLimit) this.hub.drop(this.connection, 1008, 'repeated unauthorized calls')
  }

  #authorized(decision: Decision, row: Row<Method> | undefined): void {
    if ('deny' in decision) return this.#refuse(invalid(decision.message ?? decision.deny))
    if (!row) return this.#refuse(invalid(`unknown method: ${this.frame.method}`))
    if (row.value.budget === 'control') {
      const waitMs = this.hub.controlBudget.take(`${this.client.deviceId ?? ''} ${this.client.address}`)
      if (waitMs > 0) return this.#refuse(overBudget(this.frame.method, waitMs))
    }
    this.#enter(row)
  }

  #enter(row: Row<Method>) {
    const { params: schema } = row.value
    const problem = schema && checkParams(schema, this.params)
    if (!isPromise(problem)) return this.#checked(problem as string | undefined, row)
    this.#wait(
      (problem as Promise<string | undefined>).then((settled) => this.#checked(settled, row)),
      row,
    )
  }

  #checked(problem: string | undefined, row: Row<Method>) {
    if (problem !== undefined) return this.#refuse(invalid(`invalid ${this.frame.method} params: ${problem}`))
    if (row.owner.standing() !== 'up') {
      const message = `${this.frame.method} is not available: plugin "${row.plugin}" does not run right now`
      return this.#refuse({ code: 'UNAVAILABLE', message, retryable: true, retryAfterMs: 1_000 })
    }
    try {
      const result = row.value.handler(this)
      if (isPromise(result))
        this.#wait(
          result.then((payload) => this.#answer(payload)),
          row,
        )
      else this.#answer(result)
    } catch (error) {
      this.#failed(error, row)
    }
  }

  /** While something is awaited the call counts, and keeps what serves it alive. */
  #wait(work: Promise<unknown>, row: Row<Method> | undefined) {
    const { connection } = this
    connection.openCalls++
    const release = row?.owner.hold((reason) => this.#failed(reason, row))
    const settle = () => {
      connection.openCalls--
      release?.()
    }
    work.then(settle, (error) => {
      settle()
      this.#failed(error, row)
    })
  }

  #answer(payload: unknown) {
    if (this.#answered) return
    const frame = responseFrame(this.frame.id, payload)
    this.#answered = true
    this.connection.wrongRole = 0
    this.connection.send(frame)
  }

  #refuse(error: WireError) {
    if (this.#answered) return
    this.#answered = true
    refuse(this.connection, this.frame.id, error)
  }

  #failed(error: unknown, row: Row<Method> | undefined) {
    if (!isAnswer(error)) row?.owner.fault(`method ${this.frame.method}`, error)
    this.#refuse(wireError(error, this.hub.owner.redact))
  }
}

function overBudget(method: string, waitMs: number): WireError {
  const message = `rate limit exceeded for ${method}; retry after ${Math.ceil(waitMs / 1_000)}s`
  return { code: 'UNAVAILABLE', message, retryable: true, retryAfterMs: waitMs, details: { method, limit: '3 per 60s' } }
}
