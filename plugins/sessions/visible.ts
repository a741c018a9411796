import { GatewayError } from 'openclaw/plugin'
import type { Session, SessionFilter, Sessions } from '../contracts/sessions.js'
import type { ToolContext } from '../contracts/tools.js'

/** Generations of sessions that spawned one another. */
const deepest = 16

/** The sessions that a tool may show, newest first. */
export function visibleSessions(sessions: Sessions, context: ToolContext, filter: SessionFilter): Session[] {
  const { visibility, session, agent } = context
  if (visibility === 'agent') return sessions.list({ ...filter, agent })
  if (visibility === 'all') return sessions.list(filter).filter((each) => context.reaches(each.agent))
  // Filtered after the walk: a session that rests may have spawned one that does not.
  const since = filter.activeMinutes === undefined ? 0 : Date.now() - filter.activeMinutes * 60_000
  return family(sessions, session, visibility === 'tree' ? deepest : 0)
    .filter((each) => context.reaches(each.agent) && each.updatedAt >= since)
    .sort((a, b) => b.updatedAt - a.updatedAt)
}

/** A session, and what it and its children spawned. */
function family(sessions: Sessions, root: string, depth: number): Session[] {
  const found = new Map<string, Session>()
  const own = sessions.get(root)
  if (own) found.set(own.key, own)
  let parents = [root]
  for (let level = 0; level < depth && parents.length > 0; level++) {
    const children = parents.flatMap((spawnedBy) => sessions.list({ spawnedBy })).filter(({ key }) => !found.has(key))
    for (const child of children) found.set(child.key, child)
    parents = children.map(({ key }) => key)
  }
  return [...found.values()]
}

/**
 * The session that a tool was asked for, by key or id; `main` is the main session of the caller's agent. Error: `not_found`, also
 * where it may not be seen.
 */
export function visibleSession(sessions: Sessions, context: ToolContext, asked: string): Session {
  const found = look(sessions, context, asked.trim())
  if (found && maySee(sessions, context, found)) return found
  throw new GatewayError('not_found', `No session found: ${asked}`)
}

function look(sessions: Sessions, { agent }: ToolContext, asked: string): Session | undefined {
  if (asked === 'main') return sessions.get(`agent:${agent}:main`)
  try {
    return sessions.get(asked) ?? sessions.byId(asked)
  } catch (error) {
    // A key that cannot be is one of no session.
    if (error instanceof GatewayError && error.code === 'INVALID_REQUEST') return undefined
    throw error
  }
}

function maySee(sessions: Sessions, context: ToolContext, { key, agent, settings }: Session): boolean {
  const { visibility, session } = context
  if (!context.reaches(agent)) return false
  if (key === session || visibility === 'all') return true
  if (visibility === 'agent') return agent === context.agent
  let parent = visibility === 'tree' ? settings.spawnedBy : undefined
  for (let level = 0; level < deepest && parent !== undefined; level++) {
    if (parent === session) return true
    parent = sessions.get(parent)?.settings.spawnedBy
  }
  return false
}
