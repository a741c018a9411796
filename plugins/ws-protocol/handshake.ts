import { type Access, type CallInfo, covers, type Peer, type Principal } from 'openclaw/plugin'
import type { IncomingHttpHeaders } from 'node:http'
import type { Admission, DeviceClaim, Devices, DeviceToken, Role } from '../contracts/devices.js'
import { failure, ownCredential, provenBy, type Shared, sharedCredential } from './credentials.js'
import { proveDevice, type ProvenDevice } from './device-proof.js'
import type { WireError } from './frames.js'
import type { ConnectParams } from './params-schema.js'

/** What a connection brings to its `connect`. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders
  readonly peer: Peer
  readonly call: CallInfo
  readonly nonce: string
}

export interface Admitted {
  readonly role: Role
  readonly scopes: readonly string[]
  readonly principal: Principal
  readonly device: ProvenDevice | undefined
  readonly token: DeviceToken | undefined
  /** What the shared credential was, if that let it in: checked again when the gateway's changes. */
  readonly bearer: string | undefined
  /** The device's own token, if that let it in: worth nothing once there is another. */
  readonly ownToken?: string
  /** Let in by its own token, or paired: its grants can change. */
  readonly paired: boolean
}
export interface Rejected {
  readonly error: WireError
  readonly closeCode: number
}

const reject = (message: string, details?: object, code: WireError['code'] = 'INVALID_REQUEST', closeCode = 1008): Rejected => ({
  error: { code, message, ...(details && { details }) },
  closeCode,
})
const refused = (error: WireError): Rejected => ({ error, closeCode: 1008 })

const isControlUi = ({ client }: ConnectParams) => client.id === 'openclaw-control-ui'
const isWebchat = ({ client }: ConnectParams) => client.mode === 'webchat' || client.id === 'webchat-ui'

/**
 * Decide about a `connect`, in the protocol's order; the first step that fails answers. The Origin was compared with the
 * authority before the socket was opened.
 */
export async function handshake(
  params: ConnectParams,
  arrival: Arrival,
  access: Access,
  devices: Devices | undefined,
): Promise<Admitted | Rejected> {
  if (params.minProtocol > 3 || params.maxProtocol < 3) return reject('protocol mismatch', { expectedProtocol: 3 }, 'INVALID_REQUEST', 1002)
  const role = (params.role ?? 'operator') as Role
  if (role !== 'operator' && role !== 'node') return reject('invalid role')
  const { origin } = arrival.headers
  if ((isControlUi(params) || isWebchat(params)) && (origin === undefined || origin === 'null'))
    return reject('origin not allowed: this client must send an Origin', {
      code: 'CONTROL_UI_ORIGIN_NOT_ALLOWED',
      reason: 'origin missing or invalid',
    })
  const shared = await sharedCredential(params, arrival, access)
  if (!params.device) return withoutDevice(params, role, shared, arrival, access)
  const device = proveDevice(params, role, arrival.nonce)
  if ('reason' in device) return reject(device.message, { code: device.code, reason: device.reason })
  const claim = claimOf(params, role, device, arrival.peer)
  const own = shared.principal ? undefined : ownCredential(params, claim, devices)
  if (!shared.principal && typeof own !== 'object') return refused(await failure(params, arrival, access, own))
  const admitted = await pair(params, claim, device, shared, arrival, access, devices)
  return typeof own === 'object' && 'role' in admitted ? { ...admitted, ownToken: own.token } : admitted
}

/** Somebody who knows the shared credential but is no device may look at `health` and nothing else. */
async function withoutDevice(
  params: ConnectParams,
  role: Role,
  shared: Shared,
  arrival: Arrival,
  access: Access,
): Promise<Admitted | Rejected> {
  const { principal, bearer } = shared
  const proven = principal !== undefined && access.mode !== 'none'
  if (proven && role === 'operator' && (!isControlUi(params) || access.mode === 'trusted-proxy'))
    return {
      role,
      scopes: [],
      principal: { ...principal, scopes: [] },
      device: undefined,
      token: undefined,
      bearer: provenBy(shared, access),
      paired: false,
    }
  // Whatever it shows: the answer tells nothing about a guess, which need not be counted then.
  if (isControlUi(params))
    return reject('control ui requires device identity (use HTTPS or localhost secure context)', {
      code: 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED',
    })
  if (!proven && bearer !== undefined && access.mode !== 'none') return refused(await failure(params, arrival, access, undefined))
  return reject('device identity required', { code: 'DEVICE_IDENTITY_REQUIRED' }, 'NOT_PAIRED')
}

function claimOf({ client, scopes = [] }: ConnectParams, role: Role, { deviceId, publicKey }: ProvenDevice, peer: Peer): DeviceClaim {
  const { id, mode, displayName, platform, deviceFamily } = client
  return {
    deviceId,
    publicKey,
    role,
    scopes,
    client: { id, mode, platform, ...(displayName && { displayName }), ...(deviceFamily && { deviceFamily }) },
    ...(!peer.direct && { remoteIp: peer.address }),
  }
}

const within = (scopes: readonly string[], { deviceId }: ProvenDevice) => ({
  scopes,
  principal: { kind: 'device', id: deviceId, scopes } as const,
})

/** Address and origin only narrow: pairing in silence needs the shared credential in this very `connect` as well. */
async function pair(
  params: ConnectParams,
  claim: DeviceClaim,
  device: ProvenDevice,
  shared: Shared,
  { peer, headers }: Arrival,
  access: Access,
  devices: Devices | undefined,
): Promise<Admitted | Rejected> {
  const { principal } = shared
  const { role, scopes } = claim
  const { client } = params
  const browser = headers.origin !== undefined
  const limits = principal?.scopes ?? '*'
  const admit = (token?: DeviceToken, paired = true): Admitted => ({
    role,
    ...within(
      scopes.filter((scope) => covers(limits, scope)),
      device,
    ),
    device,
    token,
    bearer: provenBy(shared, access),
    paired,
  })
  const backendSelf = client.id === 'gateway-client' && client.mode === 'backend' && peer.direct && !browser && access.mode !== 'none'
  const openUi = isControlUi(params) && role === 'operator' && principal !== undefined && ['none', 'trusted-proxy'].includes(access.mode)
  if (backendSelf || openUi) return admit(undefined, principal === undefined)
  const silent = principal !== undefined && peer.direct && (!browser || isControlUi(params) || isWebchat(params))
  if (!devices)
    return silent ? admit(undefined, false) : reject('pairing required', { code: 'PAIRING_REQUIRED', reason: 'not-paired' }, 'NOT_PAIRED')
  let admission: Admission
  try {
    admission = await devices.admit(claim, silent)
  } catch (error) {
    // The register cannot be used, which its plugin reports. Whoever could have paired in silence gets in to see why.
    if (!silent) throw error
    return admit(undefined, false)
  }
  if (admission.admitted) return admit(admission.token)
  const { requestId, reason } = admission
  return reject('pairing required', { code: 'PAIRING_REQUIRED', requestId, reason }, 'NOT_PAIRED')
}
