import { GatewayError } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import { type Client, type MethodCall, refusal } from '../contracts/methods.js'
import type { Models } from '../contracts/models.js'
import type { Session, Sessions } from '../contracts/sessions.js'
import { agentOfKey, restOfKey } from './keys.js'
import type { DeleteParams, ListParams, PatchParams, ResolveParams } from './params-schema.js'
import { wordsOf } from './previews.js'
import { settingsChange } from './settings.js'
import { defaultModel, entryOf, modelOf, rowOf, shownMessage } from './view.js'

export interface MethodInputs {
  readonly sessions: Sessions
  readonly agents: () => Agents | undefined
  readonly models: () => Models | undefined
}

const invalid = (message: string) => refusal('INVALID_REQUEST', message)
const mostGot = 1_000

/** What `sessions.list` answers. */
export function listSessions({ sessions, models, agents }: MethodInputs, params: ListParams) {
  const { agentId: agent, limit, activeMinutes, label, spawnedBy, search } = params
  const filter = { agent, limit, activeMinutes, label, spawnedBy, search }
  const present = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  const wanted = { titles: params.includeDerivedTitles === true, last: params.includeLastMessage === true }
  const rows = sessions.list(present).map((session) => ({ ...rowOf(session, models()), ...wordsOf(sessions, session, wanted) }))
  const standard = defaultModel(agent !== undefined && agents()?.get(agent) ? agent : undefined, models())
  return {
    ts: Date.now(),
    path: sessions.path || '(memory)',
    count: rows.length,
    defaults: {
      modelProvider: standard?.provider ?? null,
      model: standard?.id ?? null,
      contextTokens: standard?.contextWindow ?? null,
    },
    sessions: rows,
  }
}

/** What `sessions.resolve` answers: the key of the one session that is meant. */
export function resolveSession({ sessions }: MethodInputs, params: ResolveParams) {
  const { key, sessionId, label, agentId, spawnedBy } = params
  const given = [key, sessionId, label].filter((value) => value !== undefined)
  if (given.length === 0) throw invalid('Either key, sessionId, or label is required')
  if (given.length > 1) throw invalid('Provide either key, sessionId, or label (not multiple)')
  const found =
    key !== undefined
      ? sessions.get(key)
      : sessionId !== undefined
        ? sessions.byId(sessionId)
        : sessions.list({ label: label as string })[0]
  const fits =
    found &&
    (agentId === undefined || found.agent === agentId.toLowerCase()) &&
    (spawnedBy === undefined || found.settings.spawnedBy === spawnedBy)
  if (!fits) throw invalid(`No session found: ${given[0]}`)
  return { ok: true, key: found.key }
}

/** What `sessions.get` answers. Its parameters are open. */
export function getMessages({ sessions }: MethodInputs, params: Record<string, unknown>) {
  const key = params['key'] ?? params['sessionKey']
  if (typeof key !== 'string' || key.trim() === '') throw invalid('invalid sessions.get params: key is required')
  const limit = params['limit'] ?? 200
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1)
    throw invalid('invalid sessions.get params: limit must be a whole number from 1 on')
  return { messages: sessions.messages(key, Math.min(limit, mostGot)).map(shownMessage) }
}

/** A page in any browser may chat; what changes or forgets sessions is for the operator's own programs. */
export function refuseWebchat({ id, mode }: Client, what: string) {
  if ((mode === 'webchat' || id === 'webchat-ui') && id !== 'openclaw-control-ui')
    throw invalid(`webchat clients may not ${what} sessions: use the Control UI or the command line`)
}

/** An agent that does not exist gets no sessions. */
function refuseUnknownAgent({ sessions, agents }: MethodInputs, key: string) {
  const agent = agentOfKey(sessions.canonical(key))
  if (agents() && !agents()?.get(agent) && !sessions.get(key)) throw invalid(`unknown agent id "${agent}"`)
}

/** What `sessions.patch` answers. */
export async function patchSession(inputs: MethodInputs, { params, client }: MethodCall<PatchParams>) {
  const { sessions, models } = inputs
  refuseWebchat(client, 'change')
  const { key, ...fields } = params
  refuseUnknownAgent(inputs, key)
  const changes = settingsChange(fields)
  const { model } = changes
  if (typeof model === 'string') changes.model = chosenModel(models(), model, agentOfKey(sessions.canonical(key)))
  const session = await sessions.patch(key, changes as Parameters<Sessions['patch']>[1])
  const resolved = modelOf(session, models())
  return {
    ok: true,
    path: sessions.path || '(memory)',
    key: session.key,
    entry: entryOf(session),
    resolved: { modelProvider: resolved?.provider, model: resolved?.id },
  }
}

/** The key of a model that may answer for the agent. */
function chosenModel(models: Models | undefined, ref: string, agent: string): string {
  if (!models) return ref
  try {
    return models.route({ override: ref, agent, kind: 'chat' }).model.key
  } catch (error) {
    throw error instanceof GatewayError ? invalid(error.message) : error
  }
}

/** What `sessions.reset` answers. */
export async function resetSession(inputs: MethodInputs, { key, reason }: { key: string; reason?: 'new' | 'reset' }) {
  refuseUnknownAgent(inputs, key)
  const session: Session = await inputs.sessions.reset(key, reason)
  return { ok: true, key: session.key, entry: entryOf(session) }
}

/** What `sessions.delete` answers. */
export async function deleteSession({ sessions }: MethodInputs, { params, client }: MethodCall<DeleteParams>) {
  const { key, deleteTranscript } = params
  refuseWebchat(client, 'delete')
  const canonical = sessions.canonical(key)
  if (restOfKey(canonical) === 'main') throw invalid(`the main session of an agent stays: reset it instead (${canonical})`)
  const { deleted, archived } = await sessions.remove(canonical, { transcript: deleteTranscript })
  return { ok: true, key: canonical, deleted, archived }
}
