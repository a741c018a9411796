import { jsonResult, type Tool } from '../contracts/tools.js'
import type { MethodInputs } from './methods.js'
import { type HistoryToolArgs, historyToolSchema } from './params-schema.js'
import { told } from './told.js'
import { visibleSession } from './visible.js'

/** `sessions_history`: what was said in a session that the caller may see. */
export const sessionsHistory = ({ sessions }: MethodInputs): Tool => ({
  name: 'sessions_history',
  description: 'Read the last messages of a session, oldest first. Long texts are cut; images and thinking are left out.',
  parameters: historyToolSchema,
  scope: 'operator.read',
  run(args, context) {
    const { sessionKey, limit, includeTools } = args as HistoryToolArgs
    const { key, messages } = visibleSession(sessions, context, sessionKey)
    const entries = sessions.messages(key, limit)
    const { messages: shown, truncated } = told(entries, includeTools)
    return jsonResult({ sessionKey: key, messages: shown, truncated, total: messages })
  },
})
