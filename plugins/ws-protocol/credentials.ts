import type { Access, Decision, Principal } from 'openclaw/plugin'
import type { DeviceClaim, Devices } from '../contracts/devices.js'
import type { WireError } from './frames.js'
import type { Arrival } from './handshake.js'
import type { ConnectParams } from './params-schema.js'
import { type AuthReason, unauthorized } from './unauthorized.js'

const given = (value: string | undefined) => (value === undefined || value.trim() === '' ? undefined : value.trim())

/** The gateway's own credential: who it says they are. */
export interface Shared {
  readonly principal: Principal | undefined
  /** What was shown, right or wrong. */
  readonly bearer: string | undefined
}
/** What is checked again when the gateway's credential changes. */
export const provenBy = ({ principal, bearer }: Shared, { mode }: Access) =>
  principal && (mode === 'token' || mode === 'password') ? bearer : undefined

/** The gateway's own credential, without counting a failure: a device token may still stand for it. */
export async function sharedCredential({ auth = {} }: ConnectParams, { peer, call, headers }: Arrival, access: Access): Promise<Shared> {
  const bearer = given(access.mode === 'password' ? auth.password : auth.token)
  if (access.mode === 'trusted-proxy') {
    const decision = await access.authenticate({ call, peer, headers, bearer: undefined })
    return { principal: 'deny' in decision ? undefined : decision, bearer }
  }
  return { principal: access.identify({ peer, bearer }), bearer }
}

/** The device's own token, if it lets it in; otherwise why not, as far as that says more than the shared credential does. */
export function ownCredential(
  { auth = {} }: ConnectParams,
  claim: DeviceClaim,
  devices: Devices | undefined,
): { readonly token: string } | AuthReason | undefined {
  if (given(auth.bootstrapToken) !== undefined) return 'bootstrap_token_invalid'
  const token = given(auth.deviceToken) ?? given(auth.token)
  if (token !== undefined && devices?.verify(claim, token)) return { token }
  return given(auth.deviceToken) === undefined ? undefined : 'device_token_mismatch'
}

/** Count the failure and say what was wrong. */
export async function failure(
  params: ConnectParams,
  { peer, call }: Arrival,
  access: Access,
  own: AuthReason | undefined,
): Promise<WireError> {
  const { auth = {} } = params
  const kind = access.mode === 'password' ? 'password' : 'token'
  const bearer = given(kind === 'password' ? auth.password : auth.token)
  const presented = bearer ?? given(auth.deviceToken) ?? given(auth.bootstrapToken)
  // Marked, so that a device token in the wrong place is never taken for the gateway's; and without headers, so that nobody
  // vouches for them and the guess goes uncounted.
  const bearerTried = presented === undefined ? undefined : `connect ${presented}`
  const decision: Decision = await access.authenticate({ call, peer, headers: {}, bearer: bearerTried })
  if ('deny' in decision && decision.deny === 'rate_limited') return unauthorized('rate_limited', params, decision.retryAfterS)
  if (own !== undefined) return unauthorized(own, params)
  if (access.mode === 'trusted-proxy' || access.mode === 'none') return unauthorized('unauthorized', params)
  return unauthorized(`${kind}_${bearer === undefined ? 'missing' : 'mismatch'}`, params)
}
