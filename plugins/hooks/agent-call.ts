import { bad, textIn, timeoutMsOf } from './request.js'

export type WakeMode = 'now' | 'next-heartbeat'

/** A run that was asked for. */
export interface AgentCall {
  /** Which hook: `agent`, or the id of a mapping. Configured, never the sender's. */
  readonly hook: string
  readonly name: string
  readonly message: string
  readonly agentId?: string
  /** `sender`: it came with the request. `rendered`: values of the request are in it. */
  readonly sessionKey?: { readonly text: string; readonly from: 'config' | 'sender' | 'rendered' }
  readonly mode: WakeMode
  readonly deliver: boolean
  readonly channel?: unknown
  readonly to?: string
  readonly model?: string
  readonly thinking?: string
  readonly timeoutMs?: number
  /** The model is not told that the message came from outside. */
  readonly unsafe: boolean
}

export const wakeModeOf = (value: unknown): WakeMode => (value === 'next-heartbeat' ? value : 'now')

/** What `/hooks/agent` asks for. Errors in this order: message, channel, model; agent and session are looked at where it is run. */
export function readAgentCall(payload: Readonly<Record<string, unknown>>): AgentCall {
  const message = textIn(payload['message'])
  if (message === undefined) throw bad('message required')
  checkChannel(payload['channel'])
  const model = textIn(payload['model'])
  if (payload['model'] !== undefined && model === undefined) throw bad('model required')
  const agentId = textIn(payload['agentId'])
  const sessionKey = textIn(payload['sessionKey'])
  const to = textIn(payload['to'])
  const thinking = textIn(payload['thinking'])
  const timeoutMs = timeoutMsOf(payload['timeoutSeconds'])
  return {
    hook: 'agent',
    name: textIn(payload['name']) ?? 'Hook',
    message,
    ...(agentId !== undefined && { agentId }),
    ...(sessionKey !== undefined && { sessionKey: { text: sessionKey, from: 'sender' } }),
    mode: wakeModeOf(payload['wakeMode']),
    deliver: payload['deliver'] !== false,
    ...(to !== undefined && { to }),
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    unsafe: false,
  }
}

/** No channel of a gateway delivers yet: `last`, which then is nowhere, is the one that there is. */
export function checkChannel(channel: unknown) {
  if (channel !== undefined && !(typeof channel === 'string' && channel.trim().toLowerCase() === 'last')) throw bad('channel must be last')
}
