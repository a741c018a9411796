import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { UpgradeCall } from '../contracts/http.js'
import type { Client } from '../contracts/methods.js'
import { Connection } from './connection.js'
import { receive } from './dispatch.js'
import { raiseFrameLimit } from './frame-limit.js'
import { parseFrame, type RequestFrame, responseFrame } from './frames.js'
import { type Admitted, handshake } from './handshake.js'
import type { Hub } from './hub.js'
import { Inbox } from './inbox.js'
import { checkParams } from './params.js'
import { type ConnectParams, connectSchema } from './params-schema.js'
import { isTracked } from './presence.js'
import { TokenBucket } from './rates.js'

/** The handshake's clock. It counts ticks, not time, so that a busy gateway does not cut clients off for its own delay. */
const clockMs = 250
const mostEarly = 16

/** Ends connections that do not say who they are. Runs while there are any. */
export function createHandshakeClock(waiting: ReadonlySet<Connection>) {
  let timer: NodeJS.Timeout | undefined
  const tick = () => {
    for (const connection of waiting) if (--connection.ticksLeft <= 0) connection.close(1000)
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return () => void (timer ??= setInterval(tick, clockMs).unref())
}

/** A socket was upgraded: challenge it and wait for its `connect`. */
export function accept(socket: WebSocket, req: IncomingMessage, call: UpgradeCall, hub: Hub, startClock: () => void) {
  const { handshakeTimeoutMs, maxPreAuthConnections, maxConnections } = hub.owner.config.current
  const connection = new Connection(socket, req.headers, call, Math.ceil(handshakeTimeoutMs / clockMs))
  req.socket.setKeepAlive(true, 60_000)
  socket.on('error', () => undefined)
  socket.on('close', () => {
    hub.forget(connection)
    connection.cancellation.abort(new Error('The connection closed.'))
  })
  const inbox = new Inbox(hub.rounds, connection, (data) => hear(connection, data, hub))
  connection.inbox = inbox
  socket.on('message', (data: Buffer) => inbox.push(data))
  if (hub.connections.size >= maxConnections) return connection.close(1013, 'too many connections')
  const [oldest] = hub.waiting
  if (oldest && hub.waiting.size >= maxPreAuthConnections) {
    hub.waiting.delete(oldest)
    oldest.socket.terminate()
  }
  hub.waiting.add(connection)
  startClock()
  connection.challenge()
}

function hear(connection: Connection, data: Buffer, hub: Hub) {
  if (!connection.isHeard) return
  if (connection.client) return receive(connection, data, hub)
  if (!connection.early) {
    connection.early = []
    introduce(connection, data, hub).catch((error) => {
      hub.owner.log.error(`handshake failed: ${error instanceof Error ? error.message : String(error)}`)
      connection.close(1011, 'handshake failed')
    })
  } else if (connection.early.push(data) > mostEarly) connection.close(1008, 'invalid handshake: too many early messages')
}

/** The first message of a connection: `connect`, or the end. */
async function introduce(connection: Connection, data: Buffer, hub: Hub) {
  const frame = parseFrame(data)
  if (!frame) return connection.close(1000)
  if ('problem' in frame) return connection.close(1008, 'invalid request frame')
  const invalid = (message: string) => connection.reject(frame.id, { code: 'INVALID_REQUEST', message }, 1008)
  if (frame.method !== 'connect') return invalid('invalid handshake: first request must be connect')
  const params = frame.params ?? {}
  const problem = await checkParams(connectSchema, params)
  if (problem !== undefined) return invalid(`invalid connect params: ${problem}`)
  const { access, devices } = hub.owner
  const mode = access.current.mode
  const { headers, call, nonce } = connection
  const arrival = { headers, call, nonce, peer: call.peer }
  const decision = await handshake(params as ConnectParams, arrival, access.current, devices.current)
  if ('error' in decision) {
    hub.owner.log.debug(`refused a connect: ${decision.error.message}`, { address: connection.call.address, requestId: connection.call.id })
    return connection.reject(frame.id, decision.error, decision.closeCode)
  }
  if (connection.cancellation.aborted || !hub.waiting.delete(connection)) return
  welcome(connection, frame, params as ConnectParams, { ...decision, mode }, hub)
}

function welcome(connection: Connection, { id }: RequestFrame, params: ConnectParams, proof: Admitted & { mode: string }, hub: Hub) {
  const { owner, presence, versions } = hub
  connection.params = params
  connection.proof = proof
  connection.client = clientOf(connection, params, proof)
  const problem = hub.grants.recheck(connection)
  if (problem !== undefined) return connection.reject(id, { code: 'INVALID_REQUEST', message: problem }, 1008)
  raiseFrameLimit(connection.socket)
  const { client } = connection
  connection.bucket = new TokenBucket(owner.config.current.requestBurst)
  const { deviceFamily, modelIdentifier } = params.client
  if (isTracked(client)) {
    presence.seen(client, { deviceFamily, modelIdentifier, local: connection.call.peer.direct }, 'connect')
    versions.presence++
  }
  const hello = owner.greeting()(connection.connId, {
    presence: presence.json(),
    health: owner.health.current,
    agents: owner.agents.current,
    stateVersion: versions,
    token: proof.token,
  })
  connection.send(responseFrame(id, hello))
  hub.connections.set(connection.connId, connection)
  const early = connection.early ?? []
  connection.early = undefined
  for (const data of early) receive(connection, data, hub)
}

function clientOf(
  { connId, call }: Connection,
  { client, caps = [] }: ConnectParams,
  { role, scopes, principal, device }: Admitted,
): Client {
  const { id, mode, version, platform, displayName, instanceId } = client
  return {
    connId,
    id,
    mode,
    version,
    platform,
    ...(displayName && { displayName }),
    ...(instanceId && { instanceId }),
    role,
    scopes,
    caps,
    ...(device && { deviceId: device.deviceId }),
    principal,
    address: call.address,
  }
}
