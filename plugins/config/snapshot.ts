import type { ConfigurationFile } from '../contracts/configuration.js'
import { Serialized } from '../contracts/methods.js'
import { redact, redactText } from './redact.js'
import { createSecretRule } from './secret-rule.js'

/**
 * What `config.get` answers: the file, read, without its secrets. `${NAME}` stays as it is written, so that no variable of the
 * environment is told and a client that sends the document back changes none.
 */
export function snapshotOf(file: ConfigurationFile, mask: (text: string) => string): Serialized {
  const { path, exists, written, effective, issues, warnings, secrets, hash } = file
  const isSecret = createSecretRule(secrets, mask)
  const parsed = redact(written, isSecret)
  const told = (list: readonly { path: string; message: string }[]) => list.map((each) => ({ ...each, message: mask(each.message) }))
  return new Serialized(
    JSON.stringify({
      path,
      exists,
      raw: exists ? redactText(file, isSecret, mask) : null,
      parsed,
      resolved: parsed,
      valid: issues.length === 0,
      config: redact(overlay(written, effective), isSecret),
      hash,
      issues: told(issues),
      warnings: told(warnings),
      legacyIssues: [],
    }),
  )
}

/** What is written, with the defaults where nothing is. */
function overlay(written: unknown, defaults: unknown): unknown {
  if (!isRecord(written) || !isRecord(defaults)) {
    if (!Array.isArray(written) || !Array.isArray(defaults)) return written === undefined ? defaults : written
    return written.map((item, index) => overlay(item, defaults[index]))
  }
  const keys = new Set([...Object.keys(written), ...Object.keys(defaults)])
  return Object.fromEntries([...keys].map((key) => [key, overlay(written[key], defaults[key])]))
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
