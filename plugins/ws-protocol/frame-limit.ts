import type { WebSocket } from 'ws'

/** A frame before `connect` succeeded. */
export const preAuthBytes = 65_536
/** A frame after it; told to clients as `policy.maxPayload`. */
export const maxPayloadBytes = 26_214_400

interface Receiver {
  _maxPayload?: number
}

/**
 * Let an authenticated connection send large frames. The limit is enforced on a frame's length field, before anything is buffered,
 * and `ws` takes one limit for the life of a socket: this field is how it is kept there, so a test and the exact version guard it.
 */
export function raiseFrameLimit(socket: WebSocket) {
  const receiver = (socket as WebSocket & { _receiver?: Receiver })._receiver
  if (receiver?._maxPayload !== preAuthBytes) throw new Error('This version of "ws" keeps its frame limit elsewhere.')
  receiver._maxPayload = maxPayloadBytes
}
