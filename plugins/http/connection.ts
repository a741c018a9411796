import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a client that still sends has to read its answer. A connection closed at once would cost it the answer. */
const lingerMs = 1_000
/** So much of an unread body is thrown away; a body up to this size does not cost the connection. */
const droppedBodyBytes = 65_536

/** Marks a response that is complete but for its end. */
const lingering = Symbol('lingering')
type Response = ServerResponse & { [lingering]?: true }

/** The response a connection is busy with. No public name tells it; a test fails if this one goes. */
const busyWith = (socket: Duplex) => (socket as Duplex & { _httpMessage?: Response | null })._httpMessage ?? undefined

/** The connection was told to close: what still comes in on it is no request. */
export function isEnding(socket: Duplex): boolean {
  const res = busyWith(socket)
  return !socket.writable || (res?.headersSent === true && res.getHeader('connection') === 'close')
}

/** Whether an answer went out, or began to, to the request that the connection is busy with. */
export function answerState(socket: Duplex): 'none' | 'begun' | 'complete' {
  const res = busyWith(socket)
  if (!res?.headersSent) return 'none'
  return res.writableEnded || res[lingering] ? 'complete' : 'begun'
}

/** How much of a request's body has not been read, by what it declares. */
export function unread({ complete, headers, readableDidRead }: IncomingMessage): 'nothing' | 'little' | 'much' {
  if (complete) return 'nothing'
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined || readableDidRead) return 'much'
  const declared = Number(headers['content-length'] ?? 0)
  return declared === 0 ? 'nothing' : declared > droppedBodyBytes ? 'much' : 'little'
}

/** End a response whose connection closes with it, once the client stops sending or had its time to read the answer. */
export function endLingering(req: IncomingMessage, res: Response) {
  res[lingering] = true
  let left = droppedBodyBytes
  const discard = (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) req.off('data', discard).pause()
  }
  const end = () => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, lingerMs)
  req.on('data', discard).once('end', end).once('close', end).resume()
}

/** After the answer: a client that takes too long over a body nobody reads is cut off. */
export function dropRest(req: IncomingMessage) {
  if (req.complete) return
  const timer = setTimeout(() => req.destroy(), lingerMs)
  req.once('close', () => clearTimeout(timer))
}
