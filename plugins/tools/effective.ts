import type { Principal, Row } from 'openclaw/plugin'
import { refusal } from '../contracts/methods.js'
import { permits } from '../contracts/permits.js'
import type { Sessions } from '../contracts/sessions.js'
import type { Tool, Toolbox } from '../contracts/tools.js'
import { brief, type CatalogInputs, type Source, sourceOf } from './catalog.js'
import { normal } from './patterns.js'
import type { Config } from './schema.js'

export interface EffectiveInputs extends CatalogInputs {
  readonly toolbox: Toolbox
  readonly sessions: Sessions | undefined
  readonly config: Config
}

/** What `tools.effective` answers: what the policy leaves to a session, as far as whoever asks may know. Errors: `INVALID_REQUEST`, `UNAVAILABLE`. */
export function effectiveOf(
  { toolbox, rows, inspection, agents, sessions, config }: EffectiveInputs,
  principal: Principal,
  { sessionKey, agentId }: { sessionKey: string; agentId?: string },
) {
  if (!sessions) throw refusal('UNAVAILABLE', 'sessions do not run: turn the plugin "sessions" on')
  const session = sessions.get(sessionKey)
  if (!session || !permits(principal, 'agents', session.agent)) throw refusal('INVALID_REQUEST', `unknown session key "${sessionKey}"`)
  const { agent, key } = session
  const asked = agentId?.trim().toLowerCase() || agent
  if (asked !== agent) throw refusal('INVALID_REQUEST', `agent id "${asked}" does not match session agent "${agent}"`)
  // Who looks may hold fewer scopes than who runs the agent.
  const tools = toolbox.list({ principal: { ...principal, scopes: '*' }, agent, session: key }).map((tool) => {
    const source = sourceOf(rows.get(normal(tool.name)) as Row<Tool>, inspection)
    return { id: tool.name, label: tool.name, description: brief(tool.description), rawDescription: tool.description, ...source }
  })
  const group = (id: Source['source'], label: string) => {
    const own = tools.filter(({ source }) => source === id)
    return own.length > 0 ? [{ id, label, source: id, tools: own }] : []
  }
  return {
    agentId: agent,
    profile: agents?.get(agent)?.tools?.profile ?? config.profile ?? 'full',
    groups: [...group('core', 'Built-in tools'), ...group('plugin', 'Plugin tools')],
  }
}
