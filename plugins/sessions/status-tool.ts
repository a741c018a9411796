import type { Session } from '../contracts/sessions.js'
import type { Tool } from '../contracts/tools.js'
import type { MethodInputs } from './methods.js'
import { statusToolSchema } from './params-schema.js'
import { type NamedModel, modelOf, rowOf } from './view.js'
import { visibleSession } from './visible.js'

/** `session_status`: model, tokens and settings of a session that the caller may see. */
export const sessionStatus = ({ sessions, models }: MethodInputs): Tool => ({
  name: 'session_status',
  description: 'Show how a session stands: its model, tokens, settings and newest run.',
  parameters: statusToolSchema,
  scope: 'operator.read',
  run({ sessionKey }, context) {
    const session = visibleSession(sessions, context, sessionKey ?? context.session)
    const statusText = describe(session, modelOf(session, models()))
    const details = { ok: true, sessionKey: session.key, agentId: session.agent, statusText, session: rowOf(session, models()) }
    return { content: [{ type: 'text', text: statusText }], details }
  },
})

/** A line for each thing that is known. */
function describe({ key, updatedAt, messages, status, inputTokens, outputTokens, contextTokens, settings }: Session, model?: NamedModel) {
  const window = model?.contextWindow === undefined ? '' : ` of ${model.contextWindow}`
  const chosen = Object.entries(settings).map(([name, value]) => `${name} ${String(value)}`)
  return [
    `Session ${key}: ${messages} messages, updated ${new Date(updatedAt).toISOString()}`,
    model && `Model ${model.provider}/${model.id}`,
    `Tokens ${inputTokens} in, ${outputTokens} out, context ${contextTokens}${window}`,
    status && `Newest run ${status}`,
    chosen.length > 0 && `Settings ${chosen.join(', ')}`,
  ]
    .filter(Boolean)
    .join('\n')
}
