import { GatewayError, type Principal } from 'openclaw/plugin'
import { type Agent, agentIdPattern, type Agents } from '../contracts/agents.js'
import { matches, permits } from '../contracts/permits.js'
import type { Named } from './selector.js'

/** The agents, as far as routing looks at them. */
export type Roster = Pick<Agents, 'list' | 'get' | 'default'>

const main: Agent = { id: 'main', default: true, fallbacks: [], identity: {}, timeoutMs: 600_000 }
/** Without the plugin `agents`. */
export const onlyMain: Roster = { list: () => [main], get: (id) => (id.toLowerCase() === 'main' ? main : undefined), default: main }

/** Somebody for whom what they may not use does not exist, so that they cannot find out what there is. */
export const isScoped = (principal: Principal | undefined) => principal?.only !== undefined

/** An agent by id. Errors: `invalid_value`, `agent_not_found`, and `not_found` for who may use some only. */
export function known(people: Roster, id: string, param: string, principal: Principal | undefined): Agent {
  if (!agentIdPattern.test(id)) throw new GatewayError('invalid_value', `Invalid \`${param}\`.`, { param })
  const agent = people.get(id.toLowerCase())
  if (agent && permits(principal, 'agents', agent.id)) return agent
  throw new GatewayError(isScoped(principal) ? 'not_found' : 'agent_not_found', `Unknown agent '${id.toLowerCase()}'.`, { param })
}

/** The agent that a request's `model` means. Errors: those of `known`. */
export function agentOf(people: Roster, named: Named, principal: Principal | undefined): Agent {
  if (named.kind !== 'agent' || named.id === undefined) return defaultOf(people, principal)
  const agent = people.get(named.id)
  if (named.lenient && !(agent && permits(principal, 'agents', agent.id))) return defaultOf(people, principal)
  return known(people, named.id, 'model', principal)
}

/** The default agent, else the first that the principal may use. Error: `not_found`. */
export function defaultOf(people: Roster, principal: Principal | undefined): Agent {
  const patterns = principal?.only?.['agents']
  if (!patterns || matches(patterns, people.default.id)) return people.default
  for (const pattern of patterns) {
    const agent = people.list().find(({ id }) => matches([pattern], id))
    if (agent) return agent
  }
  throw new GatewayError('not_found', 'There is no agent that this credential may use.', { param: 'model' })
}
