import { covers, type Principal } from 'openclaw/plugin'

/** Every scope that a device can be granted. */
const known = new Set(['admin', 'approvals', 'pairing', 'read', 'talk.secrets', 'write'].map((name) => `operator.${name}`))

export const isKnown = (scope: string) => known.has(scope.trim())

/** The form in which scopes are recorded: the known ones, with those that they imply, each once, sorted. */
export function recorded(scopes: readonly string[]): string[] {
  const kept = new Set(scopes.map((scope) => scope.trim()).filter((scope) => known.has(scope)))
  if (kept.has('operator.admin')) kept.add('operator.write')
  if (kept.has('operator.write')) kept.add('operator.read')
  return [...kept].sort()
}

/** The first scope that is asked for and not held. */
export const missing = (asked: readonly string[], held: Principal['scopes']): string | undefined =>
  asked.find((scope) => !covers(held, scope))
