import { refusal } from '../contracts/methods.js'
import type { SettingsChange } from './edits.js'

/** Words that a setting may have. Others are any text, number or truth that the schema lets pass. */
const words: Readonly<Record<string, readonly string[]>> = {
  thinkingLevel: ['off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'adaptive'],
  verboseLevel: ['off', 'on', 'full'],
  reasoningLevel: ['on', 'off', 'stream'],
  responseUsage: ['off', 'tokens', 'full', 'on'],
  elevatedLevel: ['on', 'off', 'ask', 'full'],
  execHost: ['sandbox', 'gateway', 'node'],
  execSecurity: ['deny', 'allowlist', 'full'],
  execAsk: ['off', 'on-miss', 'always'],
  subagentRole: ['orchestrator', 'leaf'],
  subagentControlScope: ['children', 'none'],
  sendPolicy: ['allow', 'deny'],
  groupActivation: ['mention', 'always'],
}

/** What a client asked to set, checked and in its one spelling. Error: `invalid <field> (use …)`. */
export function settingsChange(params: Record<string, unknown>): SettingsChange {
  const checked = Object.entries(params).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value]
    const text = value.trim()
    const allowed = words[name]
    if (allowed) return [name, oneOf(name, text.toLowerCase(), allowed)]
    if (text === '') throw refusal('INVALID_REQUEST', `invalid ${name} (use a text that is not blank)`)
    return [name, text]
  })
  return Object.fromEntries(checked)
}

function oneOf(name: string, value: string, allowed: readonly string[]): string {
  if (allowed.includes(value)) return value
  throw refusal('INVALID_REQUEST', `invalid ${name} (use ${allowed.join('|')})`)
}
