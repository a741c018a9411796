import { createHash } from 'node:crypto'
import { messageOf, type Row } from 'openclaw/plugin'
import type { HookChanges, HookInput, HookTransform } from '../contracts/hooks.js'
import { type AgentCall, checkChannel, type WakeMode } from './agent-call.js'
import type { Mapping } from './mapping.js'
import { bad, textIn, timeoutMsOf } from './request.js'
import type { TemplateValues } from './template.js'

/** What a mapped request comes to. */
export type Action =
  | { readonly wake: { readonly hook: string; readonly text: string; readonly mode: WakeMode; readonly unsafe: boolean } }
  | { readonly agent: AgentCall }

/** Render a mapping, with what its transform changed. Errors: `hook mapping requires …`, `channel must be last`. */
export function actionOf(mapping: Mapping, values: TemplateValues, changes: HookChanges = {}): Action {
  const { id: hook, templates, fixed } = mapping
  const rendered = (name: keyof Mapping['templates']) => templates[name]?.render(values)
  const unsafe = boolean(changes.allowUnsafeExternalContent) ?? mapping.unsafe
  const kind = changes.kind === 'wake' || changes.kind === 'agent' ? changes.kind : mapping.action
  if (kind === 'wake') {
    const text = string(changes.text) ?? rendered('text')
    if (!text?.trim()) throw bad('hook mapping requires text')
    return { wake: { hook, text: text.trim(), mode: modeIn(changes.mode) ?? modeIn(changes.wakeMode) ?? mapping.mode, unsafe } }
  }
  const message = string(changes.message) ?? rendered('message')
  if (!message?.trim()) throw bad('hook mapping requires message')
  const pick = (name: 'agentId' | 'to' | 'model' | 'thinking') => textIn(changes[name]) ?? textIn(fixed[name])
  const [agentId, to, model, thinking] = [pick('agentId'), pick('to'), pick('model'), pick('thinking')]
  const channel = textIn(changes.channel) ?? textIn(fixed.channel)
  checkChannel(channel)
  const sessionKey = sessionKeyOf(mapping, values, changes)
  const timeoutMs = timeoutMsOf(changes.timeoutSeconds) ?? timeoutMsOf(fixed.timeoutSeconds)
  return {
    agent: {
      hook,
      name: textIn(changes.name) ?? textIn(rendered('name')) ?? 'Hook',
      message,
      ...(agentId !== undefined && { agentId }),
      ...(sessionKey && { sessionKey }),
      mode: modeIn(changes.wakeMode) ?? mapping.mode,
      deliver: boolean(changes.deliver) ?? mapping.deliver,
      ...(to !== undefined && { to }),
      ...(model !== undefined && { model }),
      ...(thinking !== undefined && { thinking }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      unsafe,
    },
  }
}

function sessionKeyOf({ templates: { sessionKey } }: Mapping, values: TemplateValues, changes: HookChanges): AgentCall['sessionKey'] {
  const changed = textIn(changes.sessionKey)
  if (changed !== undefined) return { text: changed, from: 'rendered' }
  const text = textIn(sessionKey?.render(values, safeInKey))
  return text === undefined ? undefined : { text, from: sessionKey?.dynamic ? 'rendered' : 'config' }
}

/** A value in a session key is one word of it: it cannot end the part that the operator wrote. Any other is a digest of itself. */
const safeInKey = (value: string): string =>
  /^[\w@.+-]{0,128}$/.test(value) ? value : createHash('sha256').update(value).digest('hex').slice(0, 32)

const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const boolean = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)
const modeIn = (value: unknown): WakeMode | undefined => (value === 'now' || value === 'next-heartbeat' ? value : undefined)

const transformLimitMs = 10_000

/** What a transform answers, kept alive and in time. Rejects with what went wrong, for which its plugin is blamed. */
export async function transformed({ key, owner, value }: Row<HookTransform>, input: HookInput): Promise<HookChanges | null | undefined> {
  if (owner.standing() !== 'up') throw new Error(`the plugin of the transform ${key} does not run`)
  let end: (reason: Error) => void = () => undefined
  const ended = new Promise<never>((_, reject) => (end = reject))
  const release = owner.hold(end)
  const timer = setTimeout(() => end(new Error(`it took longer than ${transformLimitMs} ms`)), transformLimitMs)
  try {
    const changes = await Promise.race([value(input), ended])
    return typeof changes === 'object' && !Array.isArray(changes) ? changes : undefined
  } catch (error) {
    owner.fault(`hook transform ${key}`, error)
    // Not as it is: an error of its own making is no answer of ours.
    throw new Error(`transform ${key}: ${messageOf(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
    release()
  }
}
