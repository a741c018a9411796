import type { IncomingMessage } from 'node:http'
import { GatewayError } from 'openclaw/plugin'
import { isObject } from '../contracts/fields.js'
import { header } from '../contracts/routing-headers.js'
import type { Sessions } from '../contracts/sessions.js'
import type { ToolInvocation } from '../contracts/tools.js'

type Body = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** What the body asks for. `dryRun` and other fields do nothing. Error: `missing_required_parameter`. */
export function askedTool({ tool, action, args }: Body): Pick<ToolInvocation, 'name' | 'args' | 'action'> {
  const name = textOf(tool)
  if (name === '') throw new GatewayError('missing_required_parameter', 'tools.invoke requires body.tool', { param: 'tool' })
  return { name, args: isObject(args) ? args : {}, ...(typeof action === 'string' && { action }) }
}

/** The session of a call, and its agent; the main session of the default agent when none is named. Error: `invalid_value`. */
export function askedSession({ sessionKey }: Body, sessions: Sessions): Pick<ToolInvocation, 'session' | 'agent'> {
  const session = canonical(textOf(sessionKey) || 'main', sessions)
  return { session, agent: session.slice(6, session.indexOf(':', 6)) }
}

function canonical(key: string, sessions: Sessions): string {
  try {
    return sessions.canonical(key)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'INVALID_REQUEST') throw error
    throw new GatewayError('invalid_value', error.message, { param: 'sessionKey' })
  }
}

/** Where the conversation is, as the headers say. */
export function askedOrigin(req: IncomingMessage): Pick<ToolInvocation, 'channel' | 'accountId' | 'to' | 'threadId'> {
  const accountId = header(req, 'x-openclaw-account-id')
  const to = header(req, 'x-openclaw-message-to')
  const threadId = header(req, 'x-openclaw-thread-id')
  return {
    channel: (header(req, 'x-openclaw-message-channel') ?? 'webchat').toLowerCase(),
    ...(accountId !== undefined && { accountId }),
    ...(to !== undefined && { to }),
    ...(threadId !== undefined && { threadId }),
  }
}
