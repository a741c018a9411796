import type { Session } from '../contracts/sessions.js'
import { jsonResult, type Tool } from '../contracts/tools.js'
import { restOfKey } from './keys.js'
import type { MethodInputs } from './methods.js'
import { type ListToolArgs, listToolSchema, type SessionKind } from './params-schema.js'
import { told } from './told.js'
import { visibleSessions } from './visible.js'
import { rowOf } from './view.js'

/** `sessions_list`: the conversations that the caller may see. */
export const sessionsList = ({ sessions, models }: MethodInputs): Tool => ({
  name: 'sessions_list',
  description: 'List sessions, newest first. Filter them by kind and by when they last changed; ask for their last messages too.',
  parameters: listToolSchema,
  scope: 'operator.read',
  run(args, context) {
    const { kinds, limit, activeMinutes, messageLimit } = args as ListToolArgs
    const found = visibleSessions(sessions, context, activeMinutes === undefined ? {} : { activeMinutes })
      .filter((session) => kinds === undefined || kinds.includes(kindOf(session)))
      .slice(0, limit)
    const rows = found.map((session) => ({
      ...rowOf(session, models()),
      kind: kindOf(session),
      agentId: session.agent,
      ...(messageLimit > 0 && { messages: told(sessions.messages(session.key, messageLimit), false).messages }),
    }))
    return jsonResult({ count: rows.length, sessions: rows })
  },
})

function kindOf({ key }: Session): SessionKind {
  const rest = restOfKey(key).toLowerCase()
  if (rest === 'main') return 'main'
  if (/^(?:cron|hook|node)(?=[:-])/.test(rest)) return rest.slice(0, 4) as SessionKind
  return /(?:^|:)(?:group|channel):/.test(rest) ? 'group' : 'other'
}
