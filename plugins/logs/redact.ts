import { GatewayError, messageOf } from 'openclaw/plugin'

export type Redact = (text: string) => string

const mask = '***'
/** The kernel keeps no shorter secret in mind, and no text that looks like a key is shorter. */
const shortestSecretChars = 6

/** Expressions of `logging.redactPatterns`. Throws `invalid_config` that names the first one that does not compile. */
function compilePatterns(patterns: readonly string[]): RegExp[] {
  return patterns.map((pattern, index) => {
    const [, source = pattern, flags = 'i'] = /^\/(.+)\/([a-z]*)$/s.exec(pattern) ?? []
    try {
      return new RegExp(source, flags.includes('g') ? flags : `${flags}g`)
    } catch (error) {
      const path = `logging.redactPatterns.${index}`
      throw new GatewayError('invalid_config', `${path} is no regular expression: ${messageOf(error)}`, { path })
    }
  })
}

/** Masks known secrets always, and what the patterns match while `enabled`. */
export function createRedactor(known: Redact, patterns: readonly string[], enabled: () => boolean): Redact {
  const compiled = compilePatterns(patterns)
  return (text) => {
    const out = text.length < shortestSecretChars ? text : known(text)
    return compiled.length > 0 && enabled() ? compiled.reduce((masked, pattern) => masked.replace(pattern, mask), out) : out
  }
}
