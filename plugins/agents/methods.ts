import type { Agent, Agents } from '../contracts/agents.js'
import { refusal } from '../contracts/methods.js'

const hasUrl = /^(?:https?:|data:image\/)/i

/** What `agents.list` answers. */
export function listAgents(agents: Agents) {
  return {
    defaultId: agents.default.id,
    mainKey: 'main',
    scope: 'per-sender',
    agents: agents.list().map(({ id, name, identity }) => {
      const { avatar } = identity
      const shown = { ...identity, ...(avatar !== undefined && hasUrl.test(avatar) && { avatarUrl: avatar }) }
      return { id, ...(name !== undefined && { name }), ...(Object.keys(shown).length > 0 && { identity: shown }) }
    }),
  }
}

/** What `agent.identity.get` answers. Error: `INVALID_REQUEST`. */
export function identityOf(agents: Agents, { agentId, sessionKey }: { agentId?: string; sessionKey?: string }) {
  const { id, name, identity } = agentOf(agents, agentId, sessionKey)
  return {
    agentId: id,
    name: identity.name ?? name ?? 'Assistant',
    avatar: identity.avatar ?? identity.emoji ?? 'A',
    ...(identity.emoji !== undefined && { emoji: identity.emoji }),
  }
}

function agentOf(agents: Agents, agentId: string | undefined, sessionKey = ''): Agent {
  const keyed = /^agent:([^:]+):/i.exec(sessionKey.trim())?.[1]?.toLowerCase()
  const asked = agentId?.trim().toLowerCase() || undefined
  const wrong = (what: string) => refusal('INVALID_REQUEST', `invalid agent.identity.get params: ${what}`)
  if (asked !== undefined && keyed !== undefined && asked !== keyed)
    throw wrong(`agent "${asked}" does not match session key agent "${keyed}"`)
  const id = asked ?? keyed
  const agent = id === undefined ? agents.default : agents.get(id)
  if (!agent) throw wrong(`unknown agent id "${id}"`)
  return agent
}
