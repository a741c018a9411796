import { printable } from 'openclaw/plugin'
import { agentIdPattern } from '../contracts/agents.js'
import { refusal } from '../contracts/methods.js'

const longestKey = 512
const qualified = /^agent:([^:]*):(.*)$/is
/** They would look like another key, or could not be stored as they are. */
const unfit = /[\p{Cc}\p{Surrogate}]/u

/** `agent:<id>:<rest>` of any key; one without an agent is the default agent's. Error: `INVALID_REQUEST`. */
export function canonicalKey(key: string, defaultAgent: string): string {
  const trimmed = key.trim()
  const [, agent = defaultAgent, rest = trimmed] = qualified.exec(trimmed) ?? []
  const id = agent.toLowerCase()
  const canonical = `agent:${id}:${rest}`
  if (rest.trim() === '' || !agentIdPattern.test(id) || canonical.length > longestKey || unfit.test(rest))
    throw refusal('INVALID_REQUEST', `malformed session key "${printable(key)}"`)
  return canonical
}

/** Agent of a canonical key. */
export const agentOfKey = (key: string): string => key.slice(6, key.indexOf(':', 6))

/** What a canonical key calls the session within its agent. */
export const restOfKey = (key: string): string => key.slice(key.indexOf(':', 6) + 1)
