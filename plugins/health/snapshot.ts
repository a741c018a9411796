import type { AccountStatus, ChannelStatus } from '../contracts/channels.js'
import type { Sessions } from '../contracts/sessions.js'
import { defaultAgentOf, heartbeat, type Sources } from './sources.js'

/** How many of the newest sessions are named. */
const recentSessions = 5

/**
 * The gateway's health without its time. `named`: with the keys of the newest sessions and where they are kept, for whoever may
 * read sessions; otherwise they are only counted.
 */
export function describeHealth(sources: Sources, named: boolean, now: number) {
  const { agents, sessions, channels } = sources
  const states = channels.current?.read() ?? []
  const store = sessions.current
  const defaultAgentId = defaultAgentOf(sources)
  return {
    channels: Object.fromEntries(states.map((state) => [state.id, summary(state)])),
    channelOrder: states.map(({ id }) => id),
    channelLabels: Object.fromEntries(states.map(({ id, label }) => [id, label])),
    heartbeatSeconds: 0,
    defaultAgentId,
    agents: (agents.current?.list() ?? []).map(({ id, name, default: isDefault }) => ({
      agentId: id,
      ...(name !== undefined && { name }),
      isDefault,
      heartbeat: { ...heartbeat, prompt: '', target: 'none', ackMaxChars: 300 },
      sessions: sessionsOf(store, id, named, now),
    })),
    sessions: sessionsOf(store, defaultAgentId, named, now),
  }
}

function sessionsOf(sessions: Sessions | undefined, agent: string, named: boolean, now: number) {
  const recent = named ? (sessions?.list({ agent, limit: recentSessions }) ?? []) : []
  return {
    path: named ? (sessions?.path ?? '') : '',
    count: sessions?.count(agent) ?? 0,
    recent: recent.map(({ key, updatedAt }) => ({ key, updatedAt, age: Math.max(0, now - updatedAt) })),
  }
}

function summary({ account, accounts }: ChannelStatus) {
  return { ...accountSummary(account), accounts: Object.fromEntries(accounts.map((each) => [each.accountId, accountSummary(each)])) }
}

/** Without what people are called, and when they wrote. */
const accountSummary = ({ name: _name, enabled: _enabled, lastInboundAt: _in, lastOutboundAt: _out, ...rest }: AccountStatus) => rest
