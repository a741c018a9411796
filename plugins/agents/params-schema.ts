import { closed, text } from '../contracts/methods.js'

export const agentsListSchema = closed<Record<string, never>>({})
export const listToolSchema = closed<Record<string, never>>({})
export const identityGetSchema = closed<{ agentId?: string; sessionKey?: string }>({ agentId: text, sessionKey: { type: 'string' } })
