import { timingSafeEqual } from 'node:crypto'
import type { Log, Principal } from 'openclaw/plugin'
import type { SpendLimit, SpendLimits } from '../contracts/ledger.js'
import { refusal } from '../contracts/methods.js'
import type { Database, Store } from '../contracts/store.js'
import { Bucket } from './bucket.js'
import { type Key, principalOf, type Rights, spendLimitOf, stateOf } from './key.js'
import { forgetRevoked, migrations, readAll, readOne, type Stored, writeOne } from './rows.js'
import { mint, type Presented } from './secret.js'
import { Uses } from './uses.js'

/** Keys that a gateway has at most, the revoked ones that it still lists included. */
export const mostKeys = 10_000

/** A key as requests meet it. */
export interface Held {
  readonly key: Key
  readonly digest: Uint8Array
  readonly principal: Principal
  readonly bucket: Bucket | undefined
}

/** Fields that change; `null` takes a restriction away. */
export type Change = { readonly [Field in keyof Rights]?: Rights[Field] | null }

/** Compared with where there is no such key, so that both take equally long. */
const nobody = Buffer.alloc(32)

/**
 * Every key of this gateway, in memory. What changes one is on disk before anybody sees it. Outlives the plugin that made it, so
 * whose log and store are used changes.
 */
export class Keyring implements SpendLimits {
  readonly uses: Uses
  readonly #held = new Map<string, Held>()
  #opening: Promise<Database> | undefined

  constructor(
    public log: Log,
    public store: () => Store,
  ) {
    this.uses = new Uses(this)
  }

  /** Open the database, once, and read what is in it. Errors: those of `Store.open`. */
  open(): Promise<Database> {
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Whose secret this is, whatever became of it since. */
  find({ id, digest }: Presented): Held | undefined {
    const held = this.#held.get(id)
    return timingSafeEqual(digest, held?.digest.length === 32 ? held.digest : nobody) ? held : undefined
  }

  list(): readonly (SpendLimit & Pick<Principal, 'kind' | 'id'>)[] {
    const now = Date.now()
    return this.all().flatMap((key) => {
      const limit = stateOf(key, now) === 'active' ? spendLimitOf(key, now) : undefined
      return limit ? [{ kind: 'key' as const, id: key.id, ...limit }] : []
    })
  }

  /** Every key, newest first. */
  all(): readonly Key[] {
    const lastUsed = (key: Key): Key => {
      const lastUsedAtMs = this.uses.last(key.id) ?? key.lastUsedAtMs
      return lastUsedAtMs === undefined ? key : { ...key, lastUsedAtMs }
    }
    return [...this.#held.values()].map(({ key }) => lastUsed(key)).sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1))
  }

  limitOf({ kind, id }: Pick<Principal, 'kind' | 'id'>): SpendLimit | undefined {
    const held = kind === 'key' ? this.#held.get(id) : undefined
    return held && spendLimitOf(held.key, Date.now())
  }

  /** The secret is in the answer and nowhere else. Error: `INVALID_REQUEST` where there are too many. */
  async create(rights: Rights): Promise<{ key: Key; secret: string }> {
    const database = await this.open()
    const { id, secret, digest } = mint()
    const key: Key = { ...rights, id, createdAtMs: Date.now() }
    const forgotten = await database.write((sql) => {
      const gone = forgetRevoked(sql, mostKeys)
      const { count } = sql('SELECT count(*) AS count FROM keys').get()
      if (count >= mostKeys) throw refusal('INVALID_REQUEST', `too many keys: revoke one of the ${mostKeys} first`)
      writeOne(sql, { key, digest }, 'INSERT')
      return gone
    })
    for (const gone of forgotten) {
      this.#held.delete(gone)
      this.uses.forget(gone)
    }
    this.#hold({ key, digest })
    return { key, secret }
  }

  /** Errors: `unknown key`, `key is revoked`. */
  update(id: string, change: Change): Promise<Key> {
    return this.#change(id, ({ key, digest }) => {
      if (key.revokedAtMs !== undefined) throw refusal('INVALID_REQUEST', `key is revoked: ${id}`)
      const given = Object.entries({ ...key, ...change }).filter(([, value]) => value !== null && value !== undefined)
      return { key: Object.fromEntries(given) as unknown as Key, digest }
    })
  }

  /** For good. Error: `unknown key`. */
  revoke(id: string): Promise<Key> {
    return this.#change(id, (stored) => {
      if (stored.key.revokedAtMs !== undefined) return stored
      return { key: { ...stored.key, revokedAtMs: Date.now() }, digest: new Uint8Array() }
    })
  }

  async #load(): Promise<Database> {
    const database = await this.store().open({ name: 'keys', migrations })
    for (const stored of readAll((text) => database.sql(text))) this.#hold(stored)
    return database
  }

  async #change(id: string, decide: (stored: Stored) => Stored): Promise<Key> {
    const database = await this.open()
    const changed = await database.write((sql) => {
      const stored = readOne(sql, id)
      if (!stored) throw refusal('INVALID_REQUEST', `unknown key: ${id}`)
      const next = decide(stored)
      if (next !== stored) writeOne(sql, next, 'REPLACE')
      return next
    })
    this.#hold(changed)
    return changed.key
  }

  #hold({ key, digest }: Stored) {
    const { id, requestsPerMinute: perMinute } = key
    const known = this.#held.get(id)?.bucket
    const bucket = perMinute === undefined ? undefined : known?.perMinute === perMinute ? known : new Bucket(perMinute, Date.now())
    this.#held.set(id, { key, digest, principal: principalOf(key), bucket })
  }
}
