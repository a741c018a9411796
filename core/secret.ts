import { hash, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/** Where a secret comes from; plain text is itself. Resolved by the host (`env`, `file` and `exec` belong to the CLI). */
export type SecretRef = string | { source: 'env' | 'file' | 'exec'; provider?: string; id: string }
export type ResolveSecret = (ref: SecretRef) => Promise<string | undefined>

/** One-shot: a Hash object would be left for the garbage collector with every request. */
const digest = (text: string): Buffer => hash('sha256', text, 'buffer')
const masked = '[secret]'

/** A secret that cannot leak by accident: no equality, no text, JSON or inspect form. `reveal()` is for the wire alone. */
export class Secret {
  readonly #value: string
  readonly #digest: Buffer
  constructor(value: string) {
    this.#value = value
    this.#digest = digest(value)
  }
  reveal(): string {
    return this.#value
  }
  /** Constant-time: compares digests, so neither content nor length can be timed. */
  matches(presented: string): boolean {
    return timingSafeEqual(this.#digest, digest(presented))
  }
  toString = () => masked
  toJSON = () => masked
  valueOf = () => masked;
  [inspect.custom] = () => masked
}

/** First characters of a digest: names a secret in a log line without telling it. */
export const fingerprint = (text: string) => digest(text).toString('hex').slice(0, 8)

const blank = new Set(['', 'undefined', 'null'])
/** Blank, `undefined`, `null` and an unresolved `${NAME}` mean: not configured. */
export const isConfigured = (text: string | undefined): text is string =>
  text !== undefined && !blank.has(text.trim()) && !/\$\{[^}]*\}/.test(text)

const weak = new Set(
  'password changeme openclaw secret letmein admin test token 0123456789abcdef 1234567890123456 passwordpassword changemechangeme'.split(
    ' ',
  ),
)
/** Too short or too common to stand on a network. */
export const isWeak = (text: string) => text.length < 16 || weak.has(text.toLowerCase()) || new Set(text).size < 4

const keyShaped = /\b(?:sk|pk|xox[abps]|ghp|gho|AIza|oc-[0-9a-f]{12}-)[-_A-Za-z0-9]{12,}|(?<=\bBearer\s)[^\s"',]{8,}/g

/** Known secrets of one gateway. Bounded: the oldest is forgotten past 1,000, key-shaped text is masked all the same. */
export function createSecretBook(resolve: ResolveSecret) {
  const known = new Set<string>()
  const remember = (value: string): Secret => {
    if (value.length >= 6) {
      known.add(value)
      if (known.size > 1_000) for (const oldest of known) if (known.delete(oldest)) break
    }
    return new Secret(value)
  }
  return {
    remember,
    async resolve(ref: SecretRef | undefined): Promise<Secret | undefined> {
      if (ref === undefined) return undefined
      const value = await resolve(ref)
      return isConfigured(value) ? remember(value) : undefined
    },
    redact(text: string): string {
      let out = text
      for (const value of known) if (out.includes(value)) out = out.replaceAll(value, masked)
      return out.replace(keyShaped, masked)
    },
  }
}
export type SecretBook = ReturnType<typeof createSecretBook>
