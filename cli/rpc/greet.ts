import { randomUUID } from 'node:crypto'
import type { GatewayConfig } from 'openclaw'
import { GatewayError } from 'openclaw/plugin'
import type { RpcSettings } from '../../plugins/contracts/offline.js'
import type { Paths } from '../paths.js'
import type { SecretContext } from '../secrets/resolver.js'
import type { Credentials } from './credentials.js'
import { type DeviceTokens, loadDeviceTokens } from './device-tokens.js'
import { type ConnectAuth, connectParams, personas } from './handshake.js'
import { type Identity, loadIdentity } from './identity.js'
import { openSocket, type RpcSocket } from './socket.js'
import { describePlace, isLoopbackUrl, type Place } from './target.js'
import { openPinned, trustOf } from './trust.js'
import type { Limit } from './waiting.js'

export interface GreetContext {
  readonly gateway: GatewayConfig
  readonly secrets: SecretContext
  readonly paths: Paths
  readonly version: string
  readonly place: Place
  readonly credentials: Credentials
  readonly settings: RpcSettings
  readonly timeoutMs: number
  /** Told when the gateway refuses. */
  readonly tell: (text: string) => void
}

interface Greeted {
  readonly socket: RpcSocket
  readonly hello: Record<string, any>
  readonly deviceId: string
}

/**
 * Introduce this device. When the gateway does not know the configured token but would take the device's own, a second
 * attempt presents that, once, and only where nobody else can hear it. A token that the gateway disowns is forgotten.
 */
export async function greet(context: GreetContext, limit: () => Limit): Promise<Greeted> {
  const { token, password, given } = context.credentials
  const shared: ConnectAuth = { ...(token !== undefined && { token }), ...(password !== undefined && { password }) }
  const blank = token === undefined && password === undefined
  const device = createDevice(context)
  try {
    const first = await attempt(context, limit, device, (own) => (blank && own !== undefined ? { deviceToken: own } : shared))
    if (!('denied' in first)) return first
    const own = (await device()).own
    if (token === undefined || own === undefined || given || !mayRetry(first.denied)) throw first.denied
    const second = await attempt(context, limit, device, () => ({ token, deviceToken: own }))
    if ('denied' in second) throw second.denied
    return second
  } catch (error) {
    if (detailsOf(error).code === 'AUTH_DEVICE_TOKEN_MISMATCH') await (await device()).tokens.drop(context.place.url)
    const { code, message } = error as GatewayError
    if (code === 'rpc_denied') context.tell(`gateway connect failed: GatewayClientRequestError: ${reasonIn(message)}`)
    throw error
  }
}

interface Device {
  readonly identity: Identity
  readonly tokens: DeviceTokens
  /** Its own token for this gateway, where it may be sent there. */
  readonly own: string | undefined
}

/** The key and what is kept with it, read when a gateway asks: looking for one that is not there leaves no files behind. */
function createDevice({ paths, place }: GreetContext): () => Promise<Device> {
  const load = async (): Promise<Device> => {
    const identity = await loadIdentity(paths.state)
    const tokens = await loadDeviceTokens(paths.state, identity.deviceId)
    const trusted = place.url.startsWith('wss:') || isLoopbackUrl(place.url)
    return { identity, tokens, own: trusted ? tokens.get(place.url) : undefined }
  }
  let loading: Promise<Device> | undefined
  return () => (loading ??= load())
}

/** One connection. A refusal by the gateway is an answer; anything else is thrown. */
async function attempt(
  { place, gateway, paths, settings, version }: GreetContext,
  limit: () => Limit,
  device: () => Promise<Device>,
  choose: (own: string | undefined) => ConnectAuth,
): Promise<Greeted | { denied: GatewayError }> {
  const { ca, fingerprint } = await trustOf(place, gateway, paths)
  const detail = describePlace(place, gateway, paths)
  const stream = fingerprint === undefined ? undefined : await openPinned(place.url, fingerprint, limit().ms)
  const socket = openSocket({ url: place.url, ca, stream, detail, signal: settings.signal })
  try {
    const nonce = await socket.challenge(limit())
    const { identity, tokens, own } = await device()
    const persona = personas[settings.as ?? 'cli']
    const params = connectParams({ persona, auth: choose(own), identity, nonce, version, instanceId: randomUUID() })
    const hello = (await socket.request('connect', params, { limit: limit() })) ?? {}
    const { deviceToken, role } = hello.auth ?? {}
    if (typeof deviceToken === 'string' && role === 'operator') await tokens.keep(place.url, deviceToken)
    return { socket, hello, deviceId: identity.deviceId }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'rpc_failed') return { denied: await denialOf(error, socket, detail) }
    socket.close()
    throw error
  }
}

const detailsOf = (error: unknown): any => (error instanceof GatewayError && error.details) || {}

function mayRetry(error: unknown): boolean {
  const { code, canRetryWithDeviceToken, recommendedNextStep } = detailsOf(error)
  return code === 'AUTH_TOKEN_MISMATCH' && (canRetryWithDeviceToken === true || recommendedNextStep === 'retry_with_device_token')
}

/** A refusal is answered, then the gateway closes; together they make one error. */
async function denialOf(error: GatewayError, socket: RpcSocket, detail: string): Promise<GatewayError> {
  socket.close(refusalWaitMs)
  const { code } = await socket.closed
  const { details } = error.details as { details?: any }
  const remedy = typeof details?.requestId === 'string' ? [`Approve it with: openclaw devices approve ${details.requestId}`] : []
  return new GatewayError('rpc_denied', [`gateway closed (${code}): ${error.message}`, ...remedy, detail].join('\n'), {
    details: { ...details, close: { code, reason: error.message } },
  })
}

const refusalWaitMs = 1_000

/** What the gateway said, without how it closed and where. */
export const reasonIn = (message: string): string => message.split('\n', 1)[0]?.replace(/^gateway closed \(\d+\): /, '') ?? ''
