import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { Secret } from 'openclaw/plugin'
import type { SchemeName } from './schema.js'

/** What a request proves itself with. */
export interface Proof {
  readonly signatures: readonly Buffer[]
  /** Time of signing in seconds, where it is in the same header. */
  readonly stamp?: string
}

/** An answer that a provider expects of an address before it uses it. */
export interface Handshake {
  readonly status: number
  readonly body?: object
}

/** How one kind of sender signs. */
export interface Scheme {
  /** Header with the proof. */
  readonly header: string
  /** The proof that is in it; undefined for anything that is none. */
  read(value: string): Proof | undefined
  /** Header with the time of signing in seconds. */
  readonly stampHeader?: string
  /** Header with the delivery's id. The signature covers it, or it would be worth nothing. */
  readonly idHeader?: string
  /** What is signed before the body; `stamp` and `id` are empty where there are none. Default: nothing. */
  covered?(stamp: string, id: string): string
  /** In constant time. */
  matches(secret: Secret, signature: Buffer, covered: string, body: Buffer): boolean
  /** Key of the payload with the event's id. */
  readonly eventId?: string
  /** Why a secret cannot be one of this scheme. */
  problemWith?(secret: Secret): string | undefined
  handshake?(payload: Readonly<Record<string, unknown>>): Handshake | undefined
}

/** More are nobody's rotation. */
const maxSignatures = 8

const hex = (text: string, bytes: number): Buffer | undefined =>
  text.length === bytes * 2 && /^[\da-f]+$/i.test(text) ? Buffer.from(text, 'hex') : undefined

/** One signature after a prefix, in hex. */
const hexAfter =
  (prefix: string, bytes = 32) =>
  (value: string): Proof | undefined => {
    const signature = value.startsWith(prefix) ? hex(value.slice(prefix.length), bytes) : undefined
    return signature && { signatures: [signature] }
  }

const proofOf = (signatures: readonly Buffer[]): Proof | undefined =>
  signatures.length > 0 && signatures.length <= maxSignatures ? { signatures } : undefined

/** `v1,<base64> v1,<base64>`, in either alphabet and with or without padding; other versions are left out. */
function readList(value: string): Proof | undefined {
  const entries = value.split(' ')
  if (!entries.every((entry) => /^v\w{1,8},[\w+/-]+={0,2}$/.test(entry))) return undefined
  const texts = entries.flatMap((entry) => /^v1,([\w+/-]{43})=?$/.exec(entry)?.[1] ?? [])
  return proofOf(texts.map((text) => Buffer.from(text, 'base64')))
}

/** `t=<seconds>,v1=<hex>,v1=<hex>`; other versions are left out. */
function readPairs(value: string): Proof | undefined {
  const pairs = value.split(',').map((pair) => pair.trim().split('='))
  const valuesOf = (name: string) => pairs.flatMap(([key, text = '', ...more]) => (key === name && more.length === 0 ? [text] : []))
  const [stamp, ...others] = valuesOf('t')
  const proof = proofOf(valuesOf('v1').flatMap((text) => hex(text, 32) ?? []))
  return proof && stamp !== undefined && others.length === 0 ? { ...proof, stamp } : undefined
}

const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)

const hmac =
  (keyOf: (secret: Secret) => string | Buffer): Scheme['matches'] =>
  (secret, signature, covered, body) =>
    equal(signature, createHmac('sha256', keyOf(secret)).update(covered).update(body).digest())

const asText = (secret: Secret) => secret.reveal()
const whsec = 'whsec_'
/** A secret in the form that libraries for standard webhooks hand out is base64 of the key. */
const asKey = (secret: Secret) => {
  const text = secret.reveal()
  return text.startsWith(whsec) ? Buffer.from(text.slice(whsec.length), 'base64') : text
}

/** What stands before the 32 bytes of an Ed25519 key in its DER form. */
const derHead = Buffer.from('302a300506032b6570032100', 'hex')
const publicKeyOf = (secret: Secret): Buffer | undefined => hex(secret.reveal().trim(), 32)

function verifyEd25519(secret: Secret, signature: Buffer, covered: string, body: Buffer): boolean {
  const raw = publicKeyOf(secret)
  if (!raw) return false
  const key = createPublicKey({ key: Buffer.concat([derHead, raw]), format: 'der', type: 'spki' })
  return verify(null, Buffer.concat([Buffer.from(covered), body]), key, signature)
}

export const schemes: Readonly<Record<SchemeName, Scheme>> = {
  /** The headers and the signed text of Standard Webhooks. */
  'hmac-sha256': {
    header: 'webhook-signature',
    stampHeader: 'webhook-timestamp',
    idHeader: 'webhook-id',
    read: readList,
    covered: (stamp, id) => `${id}.${stamp}.`,
    matches: hmac(asKey),
    problemWith: (secret) => (asKey(secret).length === 0 ? 'it is the prefix of a key, without the key' : undefined),
  },
  /** GitHub, and Meta, which signs alike. The delivery's id is not signed, so the body's digest stands for it. */
  github: { header: 'x-hub-signature-256', read: hexAfter('sha256='), matches: hmac(asText) },
  slack: {
    header: 'x-slack-signature',
    stampHeader: 'x-slack-request-timestamp',
    read: hexAfter('v0='),
    covered: (stamp) => `v0:${stamp}:`,
    matches: hmac(asText),
    eventId: 'event_id',
    handshake: ({ type, challenge }) =>
      type === 'url_verification' && typeof challenge === 'string' ? { status: 200, body: { challenge } } : undefined,
  },
  stripe: { header: 'stripe-signature', read: readPairs, covered: (stamp) => `${stamp}.`, matches: hmac(asText), eventId: 'id' },
  /** No signature: the secret itself. */
  telegram: {
    header: 'x-telegram-bot-api-secret-token',
    read: (value) => ({ signatures: [Buffer.from(value)] }),
    matches: (secret, presented) => secret.matches(presented.toString()),
    eventId: 'update_id',
  },
  discord: {
    header: 'x-signature-ed25519',
    stampHeader: 'x-signature-timestamp',
    read: hexAfter('', 64),
    covered: (stamp) => stamp,
    matches: verifyEd25519,
    eventId: 'id',
    problemWith: (secret) => (publicKeyOf(secret) ? undefined : 'it is not the public key of an application, 64 hex digits'),
    /** A ping of interactions, and one of events. */
    handshake: ({ type, event }) =>
      type === 1 && event === undefined ? { status: 200, body: { type: 1 } } : type === 0 ? { status: 204 } : undefined,
  },
}
