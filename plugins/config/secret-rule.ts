/** Whether the text or number at a path of keys is a secret. */
export type IsSecret = (keys: readonly string[], value: string | number) => boolean

/** Names that give a secret away where no schema marks it. */
const telling =
  /(tokens?|passwords?|passphrase|secrets?|credentials?|authorization|cookies?|nsec|webhook[-_]?url|(api|access|private|secret|signing)[-_]?keys?)$/i
export const isTellingName = (name: string): boolean => telling.test(name)
/** Credentials inside an address: before its host, or among its parameters. */
const urlWithCredentials = /:\/\/[^/?#\s]*@|[?&][\w-]*(token|key|secret|password|sig(nature)?)=./i
const reference = /^\$\{[A-Z_][A-Z0-9_]*\}$/

/** Numbers under such a name are no secrets. */
const counts = /tokens$/i
/** Parts of a secret reference: they say where a secret is, not what. */
const referenceKeys = ['source', 'provider', 'id']

/**
 * `marked` are dotted paths that schemas mark, `*` for any key. Variables of the file's own `env`, headers, values with a telling
 * name and addresses with credentials are secrets too, and so is a text that `mask` would change. A bare `${NAME}` is a reference.
 */
export function createSecretRule(marked: readonly string[], mask: (text: string) => string = (text) => text): IsSecret {
  const patterns = marked.map((path) => path.split('.'))
  const isMarked = (keys: readonly string[]) =>
    patterns.some(
      (pattern) =>
        pattern.every((part, at) => at < keys.length && (part === '*' || part === keys[at])) &&
        (keys.length === pattern.length || !referenceKeys.includes(keys.at(-1) as string)),
    )
  return (keys, value) => {
    if (typeof value === 'number') return isMarked(keys) || (isTelling(keys) && !counts.test(keys.at(-1) as string))
    if (value === '' || reference.test(value)) return false
    return isMarked(keys) || isTelling(keys) || urlWithCredentials.test(value) || mask(value) !== value
  }
}

function isTelling(keys: readonly string[]): boolean {
  const [name = '', parent = ''] = keys.filter((key) => !/^\d+$/.test(key)).reverse()
  return keys[0] === 'env' || isTellingName(name) || /^headers$/i.test(name) || /headers$/i.test(parent)
}
