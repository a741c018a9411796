import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A new key, for its owner alone, and what is kept of it. */
export interface Minted {
  readonly id: string
  /** `oc-<id>-<256 random bits><check>`. */
  readonly secret: string
  readonly digest: Buffer
}

/** What a text that has the form of a key says. */
export interface Presented {
  readonly id: string
  readonly digest: Buffer
}

const form = /^(oc-([0-9a-f]{12})-[\w-]{43})([\w-]{6})$/

/** Random as it is, a plain digest cannot be turned back by trying. */
const digestOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

/** Tells a key that was cut or mistyped from one that nobody issued, before anything is looked up. */
function checkOf(text: string): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(text))
  return sum.toString('base64url')
}

export function mint(): Minted {
  const id = randomBytes(6).toString('hex')
  const text = `oc-${id}-${randomBytes(32).toString('base64url')}`
  const secret = text + checkOf(text)
  return { id, secret, digest: digestOf(secret) }
}

/** Undefined for what is no key of this gateway, whatever else it may be. */
export function parseSecret(text: string): Presented | undefined {
  const [, body = '', id = '', check] = form.exec(text) ?? []
  return check !== undefined && check === checkOf(body) ? { id, digest: digestOf(text) } : undefined
}
