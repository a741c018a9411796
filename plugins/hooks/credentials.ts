import { createHash } from 'node:crypto'
import { type Access, type Kernel, messageOf, type Row, type Secret, type SecretRef } from 'openclaw/plugin'
import { type HookTransform, transformKey } from '../contracts/hooks.js'
import type { Mapping } from './mapping.js'
import { type Scheme, schemes } from './schemes.js'
import type { SignatureConfig } from './schema.js'
import { invalid, type Settings } from './settings.js'

/** The longest time that an old secret may be taken beside its successor. */
const longestOverlapMs = 30 * 86_400_000

/** A sender that signs. */
export interface Account {
  readonly mapping: Mapping
  readonly scheme: Scheme
  /** Names it where deliveries are remembered; it is still the same after a rotation. */
  readonly scope: string
  /** Secrets that count now. */
  secrets(): readonly Secret[]
}

/** Everything that lets anybody in, resolved. */
export interface Credentials {
  readonly token: Secret
  /** Names the token where keys are remembered. */
  readonly tokenDigest: string
  /** By path. */
  readonly accounts: ReadonlyMap<string, Account>
  /** Mappings that ask for the token. */
  readonly mappings: readonly Mapping[]
}

export interface Sources extends Pick<Kernel, 'secret' | 'log'> {
  readonly access: Access
  readonly transforms: ReadonlyMap<string, Row<HookTransform>>
  /** At boot a mapping that lacks something is left out; on a reload it refuses the whole. */
  readonly tolerant: boolean
}

/**
 * Resolve every secret of the section, and look whether its transforms are there. Without a token there are no hooks; a mapping
 * without what it needs does not exist. Error: `invalid_config`.
 */
export async function resolveCredentials(ref: SecretRef | undefined, { mappings }: Settings, sources: Sources): Promise<Credentials> {
  const { access, log } = sources
  const token = await secretOf(ref, sources).catch((error: unknown) => {
    throw invalid(`hooks.enabled requires hooks.token: ${messageOf(error)}`, 'token')
  })
  if (!token) throw invalid('hooks.enabled requires hooks.token', 'token')
  if (opensGateway(access, token.reveal()))
    throw invalid('Invalid config: hooks.token must not match gateway auth token. Set a distinct hooks.token for hook ingress.', 'token')
  if (token.reveal().length < 24) log.warn('hooks.token is shorter than 24 characters: use a long random one.')
  const accounts = new Map<string, Account>()
  const open: Mapping[] = []
  for (const mapping of mappings) {
    try {
      checkTransform(mapping, sources.transforms)
      if (mapping.signature && mapping.path !== undefined) accounts.set(mapping.path, await accountOf(mapping, mapping.signature, sources))
      else open.push(mapping)
    } catch (error) {
      if (!sources.tolerant) throw error
      log.error(`the hook "${mapping.id}" does not exist: ${messageOf(error)}`)
    }
  }
  return { token, tokenDigest: createHash('sha256').update(token.reveal()).digest('hex'), accounts, mappings: open }
}

/** Whether a text is the operator's credential. Where nobody needs one, none is. */
export function opensGateway(access: Access, text: string): boolean {
  // Not a client's address: nobody is locked or unlocked by the question.
  const peer = { address: 'hooks', trusted: false, forwarded: false, direct: false }
  return access.mode !== 'none' && access.identify({ peer, bearer: text }) !== undefined
}

/** A token in the file may have blanks around it. */
const secretOf = (ref: SecretRef | undefined, { secret }: Sources): Promise<Secret | undefined> =>
  secret(typeof ref === 'string' ? ref.trim() : ref)

function checkTransform({ transform, at }: Mapping, transforms: Sources['transforms']) {
  if (!transform || findTransform(transform, transforms)) return
  const { module, export: name } = transform
  const what = name === undefined ? 'a transform "default" or "transform"' : `the transform "${name}"`
  throw invalid(`There is no plugin "${module}" that has ${what}: enable it, or correct the name.`, `${at.replace('hooks.', '')}.transform`)
}

/** The row of a transform; one without a name is `default`, else `transform`. */
export function findTransform(
  { module, export: name }: NonNullable<Mapping['transform']>,
  transforms: Sources['transforms'],
): Row<HookTransform> | undefined {
  const names = name === undefined ? ['default', 'transform'] : [name]
  return names.map((each) => transforms.get(transformKey(module, each))).find((row) => row !== undefined)
}

async function accountOf(mapping: Mapping, { scheme: name, secret, previous }: SignatureConfig, sources: Sources): Promise<Account> {
  const at = `${mapping.at.replace('hooks.', '')}.signature`
  const scheme = schemes[name]
  const present = await signingSecret(secret, scheme, `${at}.secret`, sources)
  const until = previous ? overlapEnd(previous.until, `${at}.previous.until`) : 0
  const before = previous && until > Date.now() ? await signingSecret(previous.secret, scheme, `${at}.previous.secret`, sources) : undefined
  return {
    mapping,
    scheme,
    scope: `${mapping.path} ${name}`,
    secrets: () => (before && Date.now() < until ? [present, before] : [present]),
  }
}

async function signingSecret(ref: SecretRef, scheme: Scheme, at: string, sources: Sources): Promise<Secret> {
  const secret = await secretOf(ref, sources).catch((error: unknown) => {
    throw invalid(`The secret cannot be resolved: ${messageOf(error)}`, at)
  })
  if (!secret) throw invalid('The secret is empty or not set: without one anybody could send.', at)
  const problem = scheme.problemWith?.(secret)
  if (problem !== undefined) throw invalid(`The secret does not fit: ${problem}.`, at)
  if (opensGateway(sources.access, secret.reveal()))
    throw invalid('The secret must not match the gateway auth token. Set a distinct one.', at)
  return secret
}

function overlapEnd(text: string, at: string): number {
  const until = Date.parse(text)
  if (Number.isNaN(until) || !/^\d{4}-\d\d-\d\d/.test(text)) throw invalid(`"${text}" is no ISO time, as in 2026-01-31T12:00:00Z.`, at)
  if (until - Date.now() > longestOverlapMs) throw invalid('An old secret may be taken for 30 days at most.', at)
  return until
}
