import { type MethodCall, refusal } from '../contracts/methods.js'
import type { Sessions } from '../contracts/sessions.js'
import type { InjectParams } from './params-schema.js'
import { replyOf } from './send.js'
import type { ChatEvent } from './streams.js'
import { cleanText } from './text.js'

/** Append what an operator says in the assistant's place, and tell clients of it. Error: `INVALID_REQUEST`. */
export async function inject({ params }: MethodCall<InjectParams>, sessions: Sessions, publish: (event: ChatEvent) => void) {
  const text = cleanText(params.message)
  if (text === '') throw refusal('INVALID_REQUEST', 'message required')
  const label = params.label?.trim()
  const message = replyOf(label ? `[${label}]\n\n${text}` : text)
  const session = sessions.canonical(params.sessionKey)
  const { id } = await sessions.append(session, message)
  publish({ runId: `inject-${id}`, sessionKey: session, seq: 0, state: 'final', message })
  return { ok: true, messageId: id }
}
