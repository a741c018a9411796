import type { Principal } from 'openclaw/plugin'

/** Whether one of the patterns stands for a name: itself, or what begins like a pattern with a final `*`. */
export const matches = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name))

/** Whether a principal may use something of a kind: what its `only` names, and anything of a kind that it does not name. */
export function permits(principal: Principal | undefined, kind: string, name: string): boolean {
  const patterns = principal?.only?.[kind]
  return patterns === undefined || matches(patterns, name)
}
