import type { Log } from 'openclaw/plugin'
import { type Client, type Method, type MethodCall, refusal } from '../contracts/methods.js'
import { defaultScopes, type Key, type KeyState, stateOf } from './key.js'
import type { Keyring } from './keyring.js'
import { type CreateParams, createSchema, listSchema, revokeSchema, type UpdateParams, updateSchema } from './params-schema.js'

/** A key as clients see it. */
export type ShownKey = Key & { readonly state: KeyState }

const shown = (key: Key, now: number): ShownKey => ({ ...key, state: stateOf(key, now) })
const idOf = ({ deviceId, principal }: Client) => deviceId ?? principal.id

/** The methods `keys.*`. Whoever changes keys holds `operator.admin`, which is every scope: nobody can give more than they have. */
export function addMethods(rows: { add<Params>(name: string, method: Method<Params>): void }, keyring: Keyring, log: Log) {
  const scope = 'operator.admin'
  /** Who did what to which key is in the log, when it was done. */
  const told = (what: string, { id, name }: Key, { client, requestId }: MethodCall) =>
    log.info(`key ${what}`, { key: id, name, by: idOf(client), requestId })

  rows.add<Record<string, never>>('keys.list', {
    scope: 'operator.read',
    params: listSchema,
    handler() {
      const now = Date.now()
      return { keys: keyring.all().map((key) => shown(key, now)) }
    },
  })
  rows.add<CreateParams>('keys.create', {
    scope,
    params: createSchema,
    async handler(call) {
      const now = Date.now()
      refuseExpired(call.params.expiresAtMs, now)
      const { key, secret } = await keyring.create({ scopes: defaultScopes, tools: [], ...call.params })
      told('created', key, call)
      return { key: shown(key, now), secret }
    },
  })
  rows.add<UpdateParams>('keys.update', {
    scope,
    params: updateSchema,
    async handler(call) {
      const { id, ...change } = call.params
      const now = Date.now()
      refuseExpired(change.expiresAtMs, now)
      const key = await keyring.update(id, change)
      told('updated', key, call)
      return { key: shown(key, now) }
    },
  })
  rows.add<{ id: string }>('keys.revoke', {
    scope,
    params: revokeSchema,
    async handler(call) {
      const key = await keyring.revoke(call.params.id)
      told('revoked', key, call)
      return { key: shown(key, Date.now()) }
    },
  })
}

function refuseExpired(expiresAtMs: number | null | undefined, now: number) {
  if (typeof expiresAtMs === 'number' && expiresAtMs <= now) throw refusal('INVALID_REQUEST', 'expiresAtMs is in the past')
}
