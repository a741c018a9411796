import { definePlugin } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { createAgents } from './roster.js'
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
    kernel.provide(Agents, createAgents(kernel.config.current))
  },
})
