import type { Agents } from '../contracts/agents.js'
import { type MethodCall, refusal } from '../contracts/methods.js'
import type { RunRecord } from '../contracts/sessions.js'
import { abortChats } from './abort.js'
import { type Command, parseCommand, type Place, type Surroundings } from './commands.js'
import type { SendParams } from './params-schema.js'
import type { ChatEvent } from './streams.js'
import { cleanText, isStop } from './text.js'

export interface SendSurroundings extends Surroundings {
  readonly agents: Agents
  publish(event: ChatEvent): void
}

type Send = MethodCall<SendParams>

/** What `chat.send` answers: that a run began, was there already, or that runs were ended. Errors: `INVALID_REQUEST`, `too_many_runs`. */
export async function send(call: Send, around: SendSurroundings): Promise<object> {
  const { params, client } = call
  if (params.systemInputProvenance !== undefined || params.systemProvenanceReceipt !== undefined)
    throw refusal('INVALID_REQUEST', 'system provenance fields are reserved for the ACP bridge')
  const text = cleanText(params.message)
  const attached = (params.attachments?.length ?? 0) > 0
  if (text === '' && !attached) throw refusal('INVALID_REQUEST', 'message or attachment required')
  const place = placeOf(call, around)
  if (!attached && isStop(text)) return abortChats(around.runs, { session: place.session, client, reason: 'stop' })
  const known = around.sessions.run(`chat:${params.idempotencyKey}`)
  if (known) return repeated(known)
  const parsed = attached ? undefined : parseCommand(text)
  if (!parsed) return start(call, text, place, around)
  const { command, rest } = parsed
  command.check?.(rest, client)
  if (!command.message || rest === '') return obey(command, rest, call, place, around)
  await command.run(rest, place, around)
  return start(call, rest, place, around)
}

function placeOf({ params, client }: Send, { sessions, agents }: SendSurroundings): Place {
  const session = sessions.canonical(params.sessionKey)
  const agent = session.split(':')[1] as string
  if (!agents.get(agent)) throw refusal('INVALID_REQUEST', `invalid chat.send params: unknown agent id "${agent}"`)
  if (sessions.get(session)?.settings.sendPolicy === 'deny') throw refusal('INVALID_REQUEST', 'send blocked by session policy')
  return { session, agent, client }
}

async function start({ params, client, requestId }: Send, text: string, { agent, session }: Place, { runs }: SendSurroundings) {
  const { idempotencyKey: runId, attachments, thinking, timeoutMs } = params
  const started = await runs.start({
    runId,
    kind: 'chat',
    agent,
    session,
    messages: [{ role: 'user', content: [{ type: 'text', text }], timestamp: Date.now() }],
    principal: client.principal,
    connId: client.connId,
    requestId,
    ...(client.deviceId !== undefined && { deviceId: client.deviceId }),
    ...(attachments && { attachments }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  return 'earlier' in started ? repeated(started.earlier) : { runId, status: 'started' }
}

function repeated({ runId, status }: RunRecord) {
  if (status === 'interrupted')
    throw refusal('UNAVAILABLE', 'The gateway ended while this message was being answered. Send it again with another key.')
  return { runId, status: status === 'running' ? 'in_flight' : 'ok' }
}

/** A command is remembered like a run, so that a repeated request does not do it twice, but leaves nothing in the transcript. */
async function obey(command: Command, rest: string, { params }: Send, place: Place, around: SendSurroundings) {
  const { idempotencyKey: runId } = params
  const { agent, session: key } = place
  const turn = { key: `chat:${runId}`, runId }
  const begun = await around.sessions.begin({ ...turn, session: key, agent, origin: 'chat', messages: [] })
  if ('earlier' in begun) return repeated(begun.earlier)
  const end = { ...turn, sessionKey: key, sessionId: begun.session.id, messages: [] }
  try {
    const text = await command.run(rest, place, around)
    await around.sessions.finish({ ...end, status: 'ok' })
    around.publish({ runId, sessionKey: key, seq: 1, state: 'final', message: replyOf(text) })
  } catch (error) {
    await around.sessions.finish({ ...end, status: 'error', error: String(error) })
    throw error
  }
  return { runId, status: 'started' }
}

/** A reply of ours, as complete as one from a transcript. */
export const replyOf = (text: string) => ({
  role: 'assistant' as const,
  content: [{ type: 'text' as const, text }],
  timestamp: Date.now(),
  api: 'openai-completions',
  provider: 'openclaw',
  model: 'gateway-injected',
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, cost: { total: 0 } },
  stopReason: 'stop' as const,
})
