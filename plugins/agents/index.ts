import { definePlugin } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Methods } from '../contracts/methods.js'
import { Tools } from '../contracts/tools.js'
import { createAgents } from './agents.js'
import { agentsList } from './list-tool.js'
import { identityOf, listAgents } from './methods.js'
import { agentsListSchema, identityGetSchema } from './params-schema.js'
import { schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'agents',
  section: 'agents',
  schema,
  provides: [Agents],
  apply(kernel) {
    const list = kernel.config.current.list ?? []
    if (list.filter((entry) => entry.default).length > 1)
      kernel.log.warn('several agents are marked as default: the first of them is', { path: 'agents.list' })
    const agents = createAgents(kernel.config.current, kernel.paths.state, (message) => kernel.log.warn(message))
    kernel.provide(Agents, agents)
    kernel.surface(Methods).tap((methods) => {
      methods.add('agents.list', { scope: 'operator.read', params: agentsListSchema, handler: () => listAgents(agents) })
      methods.add('agent.identity.get', {
        scope: 'operator.read',
        params: identityGetSchema,
        handler: ({ params }) => identityOf(agents, params),
      })
    })
    kernel.surface(Tools).tap((tools) => tools.add(agentsList(agents)))
  },
})
