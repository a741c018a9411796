import type { Agents } from '../contracts/agents.js'
import { permits } from '../contracts/permits.js'
import { jsonResult, type Tool } from '../contracts/tools.js'
import { listToolSchema } from './params-schema.js'

/** `agents_list`: who there is, as far as the caller may use them. */
export const agentsList = (agents: Agents): Tool => ({
  name: 'agents_list',
  description: 'List the agents of this gateway. Answers their ids and names, and which of them is the default.',
  parameters: listToolSchema,
  scope: 'operator.read',
  run(_args, { principal, agent: requester }) {
    const seen = agents.list().filter(({ id }) => permits(principal, 'agents', id))
    return jsonResult({
      requester,
      agents: seen.map(({ id, name, default: isDefault }) => ({ id, ...(name !== undefined && { name }), default: isDefault })),
    })
  },
})
