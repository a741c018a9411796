import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Secret } from 'openclaw/plugin'
import type { Proof, Scheme } from './schemes.js'

/** How far the sender's clock may be off. */
const windowS = 300

/** What a sender sent to prove itself, still to be checked. */
export interface Claim {
  readonly proof: Proof
  readonly covered: string
  readonly id: string
}

/** The proof in the headers, or why there is none. The body is not needed yet. */
export function claimOf(scheme: Scheme, headers: IncomingHttpHeaders, now = Date.now()): Claim | string {
  const { header, stampHeader, idHeader } = scheme
  const value = headers[header]
  if (typeof value !== 'string' || value === '') return `no ${header}`
  const proof = scheme.read(value)
  if (!proof) return `${header} is malformed`
  const stamp = stampHeader === undefined ? proof.stamp : headers[stampHeader]
  if (stampHeader !== undefined || stamp !== undefined) {
    // Digits alone: what is compared with the clock is what was signed.
    if (typeof stamp !== 'string' || !/^\d{1,12}$/.test(stamp)) return `no ${stampHeader ?? 'time'}`
    if (Math.abs(now / 1_000 - Number(stamp)) > windowS) return 'signed more than 5 minutes ago, or ahead of time'
  }
  const id = idHeader === undefined ? '' : headers[idHeader]
  if (typeof id !== 'string' || (idHeader !== undefined && !/^[\x21-\x7e]{1,256}$/.test(id))) return `no ${idHeader}`
  return { proof, covered: scheme.covered?.(typeof stamp === 'string' ? stamp : '', id) ?? '', id }
}

/** Whether one of the secrets made one of the signatures. Every pair is tried, so that the time tells nothing. */
export function isProven(scheme: Scheme, { proof, covered }: Claim, body: Buffer, secrets: readonly Secret[]): boolean {
  let proven = false
  for (const secret of secrets)
    for (const signature of proof.signatures) proven = scheme.matches(secret, signature, covered, body) || proven
  return proven
}

/** What a delivery is remembered as, however it is spelt: the event's id where the proof covers it, else all that it covers. */
export function deliveryKey(scheme: Scheme, { covered, id }: Claim, body: Buffer, payload: unknown): string {
  const named = id || idIn(payload, scheme.eventId)
  const hash = createHash('sha256')
  return (named === undefined ? hash.update(`bytes\n${covered}\n`).update(body) : hash.update(`id\n${named}`)).digest('hex')
}

function idIn(payload: unknown, key: string | undefined): string | undefined {
  if (key === undefined || typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, key)) return undefined
  const id = (payload as Record<string, unknown>)[key]
  return (typeof id === 'string' && id !== '') || typeof id === 'number' ? String(id) : undefined
}
