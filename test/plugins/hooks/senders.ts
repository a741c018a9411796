import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { SchemeName } from '../../../plugins/hooks/schema.js'

/** One account at a provider: what it is configured with, and how it signs. */
export interface Sender {
  readonly secret: string
  /** Headers of a delivery. `stampS` is the time of signing. */
  headers(body: string, stampS: number, id: string): Record<string, string>
}

/** How a header tells of a signature that another signature stands beside. */
export interface Provider {
  readonly scheme: SchemeName
  readonly header: string
  /** The signature covers the time. */
  readonly timed: boolean
  /** The signature covers the body. */
  readonly signs: boolean
  /** Two signatures in one header, where the provider sends such during a rotation. */
  join?(first: string, second: string): string
  /** A payload of the event with this id; without one where the provider names none. */
  payload(id: string): object
  sender(name: string): Sender
}

const hmac = (secret: string | Buffer, text: string, form: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', secret).update(text).digest(form)
const secretOf = (name: string) => `the signing secret of ${name}`

/** The raw bytes of a key, which its DER form ends in. */
const rawKey = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')

/** Providers as their documentation describes them, written apart from what is tested. */
export const providers: readonly Provider[] = [
  {
    scheme: 'hmac-sha256',
    header: 'webhook-signature',
    timed: true,
    signs: true,
    join: (first, second) => `${first} ${second}`,
    payload: () => ({ text: 'hello' }),
    sender(name) {
      const key = Buffer.from(`${name} has a key of 32 bytes or more`)
      return {
        secret: `whsec_${key.toString('base64')}`,
        headers: (body, stampS, id) => ({
          'webhook-id': id,
          'webhook-timestamp': `${stampS}`,
          'webhook-signature': `v1,${hmac(key, `${id}.${stampS}.${body}`, 'base64')}`,
        }),
      }
    },
  },
  {
    scheme: 'github',
    header: 'x-hub-signature-256',
    timed: false,
    signs: true,
    payload: (id) => ({ text: 'hello', id }),
    sender: (name) => ({
      secret: secretOf(name),
      headers: (body, _stampS, id) => ({
        'x-github-delivery': id,
        'x-github-event': 'push',
        'x-hub-signature-256': `sha256=${hmac(secretOf(name), body)}`,
      }),
    }),
  },
  {
    scheme: 'slack',
    header: 'x-slack-signature',
    timed: true,
    signs: true,
    payload: (id) => ({ text: 'hello', type: 'event_callback', event_id: id }),
    sender: (name) => ({
      secret: secretOf(name),
      headers: (body, stampS) => ({
        'x-slack-request-timestamp': `${stampS}`,
        'x-slack-signature': `v0=${hmac(secretOf(name), `v0:${stampS}:${body}`)}`,
      }),
    }),
  },
  {
    scheme: 'stripe',
    header: 'stripe-signature',
    timed: true,
    signs: true,
    join: (first, second) => `${first},${/v1=\w+/.exec(second)?.[0]}`,
    payload: (id) => ({ text: 'hello', object: 'event', id }),
    sender: (name) => ({
      secret: `whsec_${secretOf(name)}`,
      headers: (body, stampS) => ({
        'stripe-signature': `t=${stampS},v0=${'0'.repeat(64)},v1=${hmac(`whsec_${secretOf(name)}`, `${stampS}.${body}`)}`,
      }),
    }),
  },
  {
    scheme: 'telegram',
    header: 'x-telegram-bot-api-secret-token',
    timed: false,
    signs: false,
    payload: (id) => ({ text: 'hello', update_id: Number(id.replace(/\D/g, '') || '0') }),
    sender: (name) => ({
      secret: secretOf(name).replaceAll(' ', '_'),
      headers: () => ({ 'x-telegram-bot-api-secret-token': secretOf(name).replaceAll(' ', '_') }),
    }),
  },
  {
    scheme: 'discord',
    header: 'x-signature-ed25519',
    timed: true,
    signs: true,
    payload: (id) => ({ text: 'hello', type: 2, id }),
    sender() {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519')
      return {
        secret: rawKey(publicKey),
        headers: (body, stampS) => ({
          'x-signature-timestamp': `${stampS}`,
          'x-signature-ed25519': sign(null, Buffer.from(`${stampS}${body}`), privateKey).toString('hex'),
        }),
      }
    },
  },
]

export const nowS = () => Math.floor(Date.now() / 1_000)
