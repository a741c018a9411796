import { covers } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import { type MethodCall, refusal } from '../contracts/methods.js'
import type { RunRequest } from '../contracts/runs.js'
import type { Sessions } from '../contracts/sessions.js'
import type { AgentParams, InternalEvent } from './params-schema.js'

export type Reset = 'new' | 'reset'

export interface AgentSurroundings {
  readonly agents: Agents
  readonly sessions: Sessions
  readonly channels: ReadonlyMap<string, unknown>
}

/** What `agent` asks for, checked. `reset`: the session begins anew first. Error: `INVALID_REQUEST`. */
export function agentRequest(call: MethodCall<AgentParams>, around: AgentSurroundings): { request: RunRequest; reset: Reset | undefined } {
  const { params, client, requestId } = call
  const admin = covers(client.scopes, 'operator.admin')
  if ((params.provider?.trim() || params.model?.trim()) && !admin)
    throw refusal('INVALID_REQUEST', 'provider/model overrides are not authorized for this caller.')
  const { agent, session } = placeOf(params, around)
  checkDelivery(params, around)
  if (around.sessions.get(session)?.settings.sendPolicy === 'deny') throw refusal('INVALID_REQUEST', 'send blocked by session policy')
  const { reset, message } = wordsOf(params.message)
  if (reset && !admin) throw refusal('INVALID_REQUEST', 'missing scope: operator.admin')
  const model = modelOf(params)
  const extra = [params.extraSystemPrompt, eventsText(params.internalEvents)].filter(Boolean).join('\n\n')
  const request: RunRequest = {
    runId: params.idempotencyKey,
    kind: 'agent',
    agent,
    session,
    messages: [{ role: 'user', content: [{ type: 'text', text: message }], timestamp: Date.now() }],
    principal: client.principal,
    connId: client.connId,
    requestId,
    ...(client.deviceId !== undefined && { deviceId: client.deviceId }),
    ...(params.attachments && { attachments: params.attachments }),
    ...(model !== undefined && { model }),
    ...(params.thinking !== undefined && { thinking: params.thinking }),
    ...(params.timeout !== undefined && { timeoutMs: params.timeout * 1_000 }),
    ...(extra !== '' && { extraSystemPrompt: extra }),
  }
  return { request, reset }
}

const invalid = (what: string) => refusal('INVALID_REQUEST', `invalid agent params: ${what}`)

/** Agent and session, from whichever of the ways to name them was used. */
function placeOf(params: AgentParams, { agents, sessions }: AgentSurroundings): { agent: string; session: string } {
  const [agentId, sessionKey, sessionId, to] = [params.agentId, params.sessionKey, params.sessionId, params.to].map(
    (text) => text?.trim() || undefined,
  )
  const named = agentId?.toLowerCase()
  if (named !== undefined && !agents.get(named)) throw invalid(`unknown agent id "${agentId}"`)
  if (sessionKey !== undefined) return keyed(sessionKey, named, agents, sessions)
  if (sessionId !== undefined) {
    const known = sessions.byId(sessionId)
    const agent = known?.agent ?? named ?? agents.default.id
    if (named !== undefined && named !== agent) throw invalid(`agent "${named}" does not match session key agent "${agent}"`)
    return known ? { agent, session: known.key } : { agent, session: sessions.canonical(`agent:${agent}:explicit:${sessionId}`) }
  }
  if (named === undefined && to === undefined) throw invalid('agentId, sessionKey, sessionId or to must say which session it is for')
  const agent = named ?? agents.default.id
  return { agent, session: sessions.canonical(`agent:${agent}:main`) }
}

function keyed(key: string, named: string | undefined, agents: Agents, sessions: Sessions) {
  const own = /^agent:/i.test(key) ? key : `agent:${named ?? agents.default.id}:${key}`
  let session: string
  try {
    session = sessions.canonical(own)
  } catch {
    throw invalid(`malformed session key "${key}"`)
  }
  const agent = session.split(':')[1] as string
  if (named !== undefined && named !== agent) throw invalid(`agent "${named}" does not match session key agent "${agent}"`)
  if (!agents.get(agent)) throw invalid(`unknown agent id "${agent}"`)
  return { agent, session }
}

/** Places that are no channel. */
const elsewhere = ['last', 'webchat', 'internal']

/** Channels do not send yet: who counts on delivery is told before the run, not after it. */
function checkDelivery({ channel, replyChannel, deliver, bestEffortDeliver }: AgentParams, { channels }: AgentSurroundings) {
  for (const name of [channel, replyChannel]) {
    const id = name?.trim().toLowerCase()
    if (id && !elsewhere.includes(id) && !channels.has(id)) throw refusal('INVALID_REQUEST', `unknown channel: ${id}`)
  }
  if (deliver && !bestEffortDeliver)
    throw refusal('INVALID_REQUEST', 'delivery channel is required: no channel of this gateway delivers. Leave out deliver.')
}

const greeting = 'The session was begun anew. Greet the user in one or two sentences and ask what to do.'

function wordsOf(text: string): { reset: Reset | undefined; message: string } {
  const message = text.trim()
  if (message === '') throw invalid('message must not be blank')
  const [, name, rest = ''] = /^\/(new|reset)(?:\s+([\s\S]*))?$/i.exec(message) ?? []
  if (name === undefined) return { reset: undefined, message }
  return { reset: name.toLowerCase() as Reset, message: rest.trim() || greeting }
}

function modelOf({ provider, model }: AgentParams): string | undefined {
  const [owner, id] = [provider?.trim(), model?.trim()]
  if (!id) {
    if (owner) throw invalid('provider needs a model')
    return undefined
  }
  return owner && !id.startsWith(`${owner}/`) ? `${owner}/${id}` : id
}

function eventsText(events: readonly InternalEvent[] = []): string {
  if (events.length === 0) return ''
  const texts = events.map(({ taskLabel, source, statusLabel, result, statsLine, replyInstruction }) =>
    [`Task "${taskLabel}" (${source}): ${statusLabel}`, result, statsLine, replyInstruction].filter(Boolean).join('\n'),
  )
  return `Work that ended meanwhile:\n\n${texts.join('\n\n')}`
}
