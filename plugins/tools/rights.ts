import { covers, type Principal } from 'openclaw/plugin'
import { matches, permits } from '../contracts/permits.js'
import type { Tool, ToolCaller } from '../contracts/tools.js'
import { normal } from './patterns.js'
import type { Config } from './schema.js'

export const scopeOf = ({ scope = 'operator.write' }: Tool): string => scope

/**
 * Whether a tool exists for whoever asks. An API key has none but those that it names, and a `*` of its stands only for tools that
 * change nothing: what runs, sends, spawns or configures must be named in full.
 */
export function isFor({ kind, scopes, only }: Principal, tool: Tool): boolean {
  const named = only?.['tools']?.map(normal)
  if (kind === 'key' && !covers(scopes, scopeOf(tool))) return false
  if (named === undefined) return kind !== 'key'
  const name = normal(tool.name)
  return named.includes(name) || (isHarmless(tool) && matches(named, name))
}

const isHarmless = (tool: Tool) => scopeOf(tool) === 'operator.read'

/** Whether a caller may see sessions of another agent: what its principal may use, and what the agents may know of each other. */
export function reachOf({ sessions, agentToAgent }: Config, { principal, agent }: Pick<ToolCaller, 'principal' | 'agent'>) {
  const takesPart = (id: string) => agentToAgent?.enabled === true && matches((agentToAgent.allow ?? ['*']).map(normal), id)
  return (other: string): boolean =>
    permits(principal, 'agents', other) && (other === agent || (sessions?.visibility === 'all' && takesPart(agent) && takesPart(other)))
}
