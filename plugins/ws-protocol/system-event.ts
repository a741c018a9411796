import { refusal } from '../contracts/methods.js'
import type { Presence, PresenceEntry } from './presence.js'

const words = ['deviceId', 'instanceId', 'host', 'ip', 'mode', 'version', 'platform', 'deviceFamily', 'modelIdentifier', 'reason'] as const
const lists = ['roles', 'scopes', 'tags'] as const
const mostChars = 2_000
const mostItems = 32

/** `Node: <host> (<ip>) · app <v> · last input <n>s ago · mode <m> · reason <r>`, as nodes report themselves. */
function parseLine(text: string): Partial<PresenceEntry> {
  const [, host, ip] = /^Node:\s*([^(·]+?)\s*(?:\(([^)]*)\))?\s*(?:·|$)/.exec(text) ?? []
  const part = (pattern: RegExp) => pattern.exec(text)?.[1]?.trim()
  const version = part(/·\s*app\s+([^·]+)/)
  const idle = part(/·\s*last input\s+(\d{1,9})s ago/)
  const mode = part(/·\s*mode\s+([^·]+)/)
  const reason = part(/·\s*reason\s+([^·]+)/)
  return {
    ...(host && { host }),
    ...(ip && { ip }),
    ...(version && { version }),
    ...(idle && { lastInputSeconds: Number(idle) }),
    ...(mode && { mode }),
    ...(reason && { reason }),
  }
}

function readFields(params: Readonly<Record<string, unknown>>): Omit<PresenceEntry, 'ts'> {
  const text = typeof params['text'] === 'string' ? params['text'].trim().slice(0, mostChars) : ''
  if (text === '') throw refusal('INVALID_REQUEST', 'text required')
  const fields: Record<string, unknown> = { ...parseLine(text), text }
  for (const name of words) {
    const value = params[name]
    if (typeof value === 'string' && value.trim() !== '') fields[name] = value.trim().slice(0, 200)
  }
  for (const name of lists) {
    const value = params[name]
    if (Array.isArray(value)) fields[name] = value.filter((item) => typeof item === 'string').slice(0, mostItems)
  }
  if (typeof params['lastInputSeconds'] === 'number') fields['lastInputSeconds'] = Math.max(0, Math.floor(params['lastInputSeconds']))
  return fields as Omit<PresenceEntry, 'ts'>
}

/**
 * Somebody reports themselves, or tells the main session something. Answers the line that the session shall be told: any text that
 * is no report, and a report that changed in more than its time.
 */
export function systemEvent(params: Readonly<Record<string, unknown>>, presence: Presence): string | undefined {
  const entry = readFields(params)
  const { text = '', deviceId, instanceId, host, ip, reason = '' } = entry
  const key = (deviceId ?? instanceId ?? host ?? ip ?? text.slice(0, 64)).toLowerCase()
  const before = presence.upsert(key, entry)
  if (!text.startsWith('Node:')) return text
  if (/^periodic/i.test(reason) || reason.toLowerCase() === 'heartbeat') return undefined
  const changed = (['host', 'ip', 'version', 'mode', 'reason'] as const).some((name) => entry[name] !== before?.[name])
  return changed ? text : undefined
}
