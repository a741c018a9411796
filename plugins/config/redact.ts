const masked = '__OPENCLAW_REDACTED__'

/** Names that give a secret away where no schema marks it. */
const telling = /(token|password|passphrase|secret|api[-_]?key|private[-_]?key|authorization)$/i

/** A copy with every secret masked. `marked` are dotted paths, `*` for any key; references say where a secret is, not what. */
export function redact(value: unknown, marked: readonly string[], keys: readonly string[] = []): unknown {
  const patterns = marked.map((path) => path.split('.'))
  const isMarked = (path: readonly string[]) =>
    patterns.some((pattern) => pattern.length === path.length && pattern.every((part, at) => part === '*' || part === path[at]))
  const copy = (now: unknown, path: readonly string[]): unknown => {
    if (typeof now === 'string') return now !== '' && (isMarked(path) || telling.test(path.at(-1) ?? '')) ? masked : now
    if (Array.isArray(now)) return now.map((item, at) => copy(item, [...path, `${at}`]))
    if (typeof now !== 'object' || now === null) return now
    if (isReference(now)) return now
    return Object.fromEntries(Object.entries(now).map(([key, item]) => [key, copy(item, [...path, key])]))
  }
  return copy(value, keys)
}

const isReference = (value: object) =>
  'source' in value && 'id' in value && ['env', 'file', 'exec'].includes(String(value.source)) && typeof value.id === 'string'
