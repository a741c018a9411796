import type { ConfigurationFile } from '../contracts/configuration.js'
import { type IsSecret, isTellingName } from './secret-rule.js'

/** What clients see in place of a secret, and may send back to leave it as it is. */
export const masked = '__OPENCLAW_REDACTED__'

/** A copy with every secret masked. */
export function redact(value: unknown, isSecret: IsSecret, keys: readonly string[] = []): unknown {
  if (typeof value === 'string' || typeof value === 'number') return isSecret(keys, value) ? masked : value
  if (Array.isArray(value)) return value.map((item, index) => redact(item, isSecret, [...keys, `${index}`]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redact(item, isSecret, [...keys, key])]))
}

/**
 * The file's text with every secret masked, and everything else, comments included, as it is; secrets are masked in comments too.
 * Null when it is not known where in the text they are.
 */
export function redactText({ text, places }: ConfigurationFile, isSecret: IsSecret, mask: (text: string) => string): string | null {
  if (!places) return null
  const secrets = new Set<string>()
  const edits: { from: number; to: number; by: string }[] = []
  for (const {
    keys,
    value,
    range: [from, to],
  } of places.scalars) {
    if (!isSecret(keys, value)) continue
    const quote = typeof value === 'string' ? text[from] : '"'
    edits.push({ from, to, by: `${quote}${masked}${quote}` })
    if (`${value}`.length >= shortestToldApart) secrets.add(`${value}`)
  }
  for (const [from, to] of places.comments) {
    const comment = [...secrets].reduce((now, secret) => now.replaceAll(secret, masked), text.slice(from, to))
    edits.push({ from, to, by: mask(withoutSettings(comment)) })
  }
  let out = ''
  let at = 0
  for (const { from, to, by } of edits.sort((a, b) => a.from - b.from)) {
    out += text.slice(at, from) + by
    at = to
  }
  return out + text.slice(at)
}

/** A shorter secret cannot be told from any other word. */
const shortestToldApart = 6

/** A setting that was commented out keeps its secret. */
const withoutSettings = (comment: string) =>
  comment.replace(/([\w-]+)(["']?\s*[:=]\s*["'`]?)([^\s"'`,}]+)/g, (all, name: string, between: string) =>
    isTellingName(name) ? `${name}${between}${masked}` : all,
  )
