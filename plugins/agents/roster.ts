import { GatewayError } from 'openclaw/plugin'
import type { Agent, Agents } from '../contracts/agents.js'
import type { AgentEntry, AllowedModels, Config, ModelChoice } from './schema.js'

/** The agents of a configuration. Throws `invalid_config`, with the path, for an id that is there twice. */
export function createAgents({ defaults = {}, list = [] }: Config): Agents {
  const entries: readonly AgentEntry[] = list.length > 0 ? list : [{ id: 'main' }]
  const preferred = Math.max(
    0,
    entries.findIndex((entry) => entry.default === true),
  )
  const byId = new Map<string, Agent>()
  for (const [i, entry] of entries.entries()) {
    const id = entry.id.toLowerCase()
    if (byId.has(id)) throw twice(`agents.list.${i}.id`, id)
    byId.set(id, {
      id,
      default: i === preferred,
      ...(entry.name !== undefined && { name: entry.name }),
      ...choose(entry.model, defaults.model),
      ...allow(entry.models ?? defaults.models),
    })
  }
  const agents = [...byId.values()]
  return { list: () => agents, get: (id) => byId.get(id.toLowerCase()), default: agents[preferred] as Agent }
}

function twice(path: string, id: string): GatewayError {
  const message = `Agent "${id}" is there twice. Give one of them another id; upper and lower case are the same.`
  return new GatewayError('invalid_config', message, { path, issues: [{ path, message }] })
}

const parts = (choice: ModelChoice | undefined) => (typeof choice === 'string' ? { primary: choice } : (choice ?? {}))

/** Each of the two is the agent's own, else the default: naming only a primary keeps the default fallbacks. */
function choose(own: ModelChoice | undefined, shared: ModelChoice | undefined): Pick<Agent, 'primary' | 'fallbacks'> {
  const { primary, fallbacks } = { ...parts(shared), ...parts(own) } as Exclude<ModelChoice, string>
  return { fallbacks: fallbacks ?? [], ...(primary !== undefined && { primary }) }
}

/** An empty record allows everything, like none. */
function allow(models: AllowedModels = {}): Pick<Agent, 'models'> {
  const entries = Object.entries(models)
  return entries.length > 0 ? { models: new Map(entries) } : {}
}
