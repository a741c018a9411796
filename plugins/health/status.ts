import { covers, messageOf } from 'openclaw/plugin'
import { type Method, refusal, Serialized } from '../contracts/methods.js'
import { createCache } from './cache.js'
import { sessionRow } from './session-row.js'
import { defaultAgentOf, heartbeat, type Sources } from './sources.js'

/** How many of the newest sessions are listed: of all, and of each agent. */
const listedSessions = 10

/** The method `status`. Only an administrator hears which sessions there are and where they are kept. */
export function createStatus(sources: Sources, runtimeVersion: () => string): Method {
  const answer = (admin: boolean) => createCache(() => new Serialized(JSON.stringify(describeStatus(sources, runtimeVersion(), admin))))
  const whole = answer(true)
  const redacted = answer(false)
  return {
    scope: 'operator.read',
    handler({ client }) {
      try {
        return (covers(client.scopes, 'operator.admin') ? whole : redacted).read()
      } catch (error) {
        throw refusal('UNAVAILABLE', messageOf(error))
      }
    },
  }
}

function describeStatus(sources: Sources, runtimeVersion: string, admin: boolean) {
  const { agents, sessions, channels, models, systemEvents } = sources
  const list = agents.current?.list() ?? []
  const store = sessions.current
  const primary = admin ? models.current?.primary() : undefined
  const now = Date.now()
  const rows = (agent?: string) =>
    !admin || !store
      ? []
      : store
          .list({ limit: listedSessions, ...(agent !== undefined && { agent }) })
          .map((session) => sessionRow(session, models.current, now))
  return {
    runtimeVersion,
    heartbeat: { defaultAgentId: defaultAgentOf(sources), agents: list.map(({ id: agentId }) => ({ agentId, ...heartbeat })) },
    channelSummary: (channels.current?.read() ?? []).map(
      ({ label, account }) => `${label}: ${account.linked ? 'linked' : account.configured ? 'configured' : 'not configured'}`,
    ),
    queuedSystemEvents: [...(systemEvents.current?.list() ?? [])],
    sessions: {
      paths: admin && store ? [store.path] : [],
      count: store?.count() ?? 0,
      defaults: { model: primary?.id ?? null, contextTokens: primary?.contextWindow ?? null },
      recent: rows(),
      byAgent: list.map(({ id: agentId }) => ({
        agentId,
        path: admin ? (store?.path ?? '') : '[redacted]',
        count: store?.count(agentId) ?? 0,
        recent: rows(agentId),
      })),
    },
  }
}
