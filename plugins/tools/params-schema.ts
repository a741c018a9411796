import { closed, text } from '../contracts/methods.js'

export const catalogSchema = closed<{ agentId?: string; includePlugins: boolean }>({
  agentId: text,
  includePlugins: { type: 'boolean', default: true },
})

export const effectiveSchema = closed<{ sessionKey: string; agentId?: string }>({ sessionKey: text, agentId: text }, ['sessionKey'])
