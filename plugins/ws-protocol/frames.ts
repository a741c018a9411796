import { GatewayError, messageOf } from 'openclaw/plugin'
import { checkJsonShape } from '../contracts/json.js'
import { Serialized, type WireCode } from '../contracts/methods.js'

export interface RequestFrame {
  readonly id: string
  readonly method: string
  readonly params: unknown
}
/** The message is JSON and no request. `id` is what an answer goes to. */
export interface BadFrame {
  readonly problem: string
  readonly id: string
}

/** Nesting that fits into this many bytes needs no look. */
const surelyFlatBytes = 200
const maxDepth = 100
const maxKeys = 10_000

/** A message as a request; undefined when it is not JSON. Text and binary messages are the same. */
export function parseFrame(data: Buffer): RequestFrame | BadFrame | undefined {
  let frame: unknown
  try {
    if (data.length > surelyFlatBytes) checkJsonShape(data, maxDepth, maxKeys)
    frame = JSON.parse(data.toString('utf8'))
  } catch (error) {
    return error instanceof GatewayError ? { problem: error.message, id: 'invalid' } : undefined
  }
  const problem = problemOf(frame)
  const { id, method, params } = (frame ?? {}) as Record<string, unknown>
  if (problem !== undefined) return { problem, id: typeof id === 'string' && id !== '' ? id : 'invalid' }
  return { id: id as string, method: method as string, params }
}

const known = ['type', 'id', 'method', 'params']

function problemOf(frame: unknown): string | undefined {
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return 'must be object'
  const fields = frame as Record<string, unknown>
  const problems: string[] = []
  for (const name of ['type', 'id', 'method']) if (!Object.hasOwn(fields, name)) problems.push(`must have required property '${name}'`)
  for (const name in fields) if (!known.includes(name)) problems.push(`at root: unexpected property '${name}'`)
  if ('type' in fields && fields['type'] !== 'req') problems.push('at /type: must be equal to constant')
  for (const name of ['id', 'method']) {
    const value = fields[name]
    if (value === undefined) continue
    if (typeof value !== 'string') problems.push(`at /${name}: must be string`)
    else if (value === '') problems.push(`at /${name}: must NOT have fewer than 1 characters`)
  }
  return problems.length > 0 ? problems.join('; ') : undefined
}

/** An error as the client sees it. */
export interface WireError {
  readonly code: WireCode
  readonly message: string
  readonly details?: unknown
  readonly retryable?: boolean
  readonly retryAfterMs?: number
}

const json = (value: unknown): string => (value instanceof Serialized ? value.json : JSON.stringify(value))

/** Exactly the members of the protocol: clients silently drop a frame with any other. */
export function responseFrame(id: string, payload: unknown): string {
  const head = `{"type":"res","id":${JSON.stringify(id)},"ok":true`
  return payload === undefined ? `${head}}` : `${head},"payload":${json(payload)}}`
}

export const errorFrame = (id: string, error: WireError): string =>
  `{"type":"res","id":${JSON.stringify(id)},"ok":false,"error":${JSON.stringify(error)}}`

export function eventFrame(event: string, payload: unknown, seq?: number, stateVersion?: object): string {
  const head = `{"type":"event","event":${JSON.stringify(event)}`
  const body = payload === undefined ? '' : `,"payload":${json(payload)}`
  const count = seq === undefined ? '' : `,"seq":${seq}`
  return `${head}${body}${count}${stateVersion ? `,"stateVersion":${JSON.stringify(stateVersion)}` : ''}}`
}

const wireCodes: readonly string[] = ['INVALID_REQUEST', 'UNAVAILABLE', 'NOT_PAIRED', 'NOT_LINKED', 'AGENT_TIMEOUT'] satisfies WireCode[]
/** Codes of the HTTP API that are the client's doing. */
const clientsFault = /^(?:invalid_|missing_|unsupported_|ambiguous_|not_found|agent_not_found|model_not_|payload_too_large|forbidden)/

/** Whether a thrown value is an answer rather than a fault of the plugin. */
export const isAnswer = (thrown: unknown): thrown is GatewayError => thrown instanceof GatewayError && thrown.plugin === undefined

export function wireError(thrown: unknown, redact: (text: string) => string): WireError {
  const message = redact(messageOf(thrown))
  if (!isAnswer(thrown)) return { code: 'UNAVAILABLE', message }
  const { code, details, retryAfterS } = thrown
  return {
    code: wireCodes.includes(code) ? (code as WireCode) : clientsFault.test(code) ? 'INVALID_REQUEST' : 'UNAVAILABLE',
    message,
    ...(details !== undefined && { details }),
    ...(retryAfterS !== undefined && { retryable: true, retryAfterMs: Math.round(retryAfterS * 1_000) }),
  }
}
