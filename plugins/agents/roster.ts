import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { GatewayError } from 'openclaw/plugin'
import type { Agent } from '../contracts/agents.js'
import { checkToolPolicies } from '../contracts/tool-policy.js'
import type { AgentEntry, AllowedModels, Config, Defaults, ModelChoice } from './schema.js'

/** The agents of a configuration, in its order. Throws `invalid_config`, with the path, for an id that is there twice and for a policy that contradicts itself. */
export function rosterOf({ defaults = {}, list = [] }: Config, state: string | undefined): readonly Agent[] {
  const entries: readonly AgentEntry[] = list.length > 0 ? list : [{ id: 'main' }]
  const preferred = Math.max(
    0,
    entries.findIndex((entry) => entry.default === true),
  )
  const ids = new Set<string>()
  return entries.map((entry, i): Agent => {
    const id = entry.id.toLowerCase()
    if (ids.has(id)) throw twice(`agents.list.${i}.id`, id)
    ids.add(id)
    checkToolPolicies(`agents.list.${i}.tools`, entry.tools)
    const workspace = workspaceOf(id, entry.workspace ?? (i === preferred ? defaults.workspace : undefined), i === preferred, state)
    return {
      id,
      default: i === preferred,
      ...(entry.name !== undefined && { name: entry.name }),
      ...choose(entry.model, defaults.model),
      ...allow(entry.models ?? defaults.models),
      identity: entry.identity ?? {},
      ...(workspace !== undefined && { workspace }),
      ...(entry.tools !== undefined && { tools: entry.tools }),
      ...limitsOf(defaults),
    }
  })
}

function twice(path: string, id: string): GatewayError {
  const message = `Agent "${id}" is there twice. Give one of them another id; upper and lower case are the same.`
  return new GatewayError('invalid_config', message, { path, issues: [{ path, message }] })
}

/** Agents must not write into each other's files, so the shared setting is the default agent's alone. */
function workspaceOf(id: string, path: string | undefined, preferred: boolean, state: string | undefined): string | undefined {
  if (path === undefined) return state === undefined ? undefined : join(state, preferred ? 'workspace' : `workspace-${id}`)
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1))
  return state === undefined ? resolve(path) : resolve(state, path)
}

const limitsOf = ({ timeoutSeconds = 600, contextTokens }: Defaults): Pick<Agent, 'timeoutMs' | 'contextTokens'> => ({
  timeoutMs: timeoutSeconds * 1_000,
  ...(contextTokens !== undefined && { contextTokens }),
})

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
