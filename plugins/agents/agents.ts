import type { Agent, Agents } from '../contracts/agents.js'
import { promptOf } from './prompt.js'
import { rosterOf } from './roster.js'
import type { Config } from './schema.js'
import { Workspace } from './workspace.js'

/** The service over one configuration. Throws `invalid_config`. */
export function createAgents(config: Config, state: string | undefined, warn: (message: string) => void): Agents {
  const {
    maxConcurrent = 64,
    bootstrapMaxChars: maxChars = 20_000,
    bootstrapTotalMaxChars: totalMaxChars = 150_000,
  } = config.defaults ?? {}
  const agents = rosterOf(config, state)
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  const workspaces = new Map(
    agents.flatMap(({ id, workspace }) =>
      workspace === undefined ? [] : [[id, new Workspace(workspace, { maxChars, totalMaxChars }, warn)] as const],
    ),
  )
  const get = (id: string) => byId.get(id.toLowerCase())
  return {
    list: () => agents,
    get,
    default: agents.find((agent) => agent.default) as Agent,
    maxConcurrent,
    async prompt(id) {
      const agent = get(id)
      return agent ? promptOf(agent, (await workspaces.get(agent.id)?.read()) ?? '') : ''
    },
  }
}
