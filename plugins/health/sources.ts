import type { Handle } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import type { ChannelStates } from '../contracts/channels.js'
import type { Models } from '../contracts/models.js'
import type { SystemEvents } from '../contracts/runs.js'
import type { Sessions } from '../contracts/sessions.js'

/** What health is derived from; each may be absent. */
export interface Sources {
  readonly agents: Handle<Agents | undefined>
  readonly sessions: Handle<Sessions | undefined>
  readonly channels: Handle<ChannelStates | undefined>
  readonly models: Handle<Models | undefined>
  readonly systemEvents: Handle<SystemEvents | undefined>
}

/** The default agent's id, also where no plugin has agents. */
export const defaultAgentOf = ({ agents }: Sources): string => agents.current?.default.id ?? 'main'

/** No agent is woken by itself yet. */
export const heartbeat = { enabled: false, every: '0m', everyMs: 0 } as const
