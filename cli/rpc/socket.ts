import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { WebSocket } from 'ws'
import { readFrame } from './frames.js'
import { type Limit, Waiting } from './waiting.js'

/** One socket that speaks request and response frames. */
export interface RpcSocket {
  /** The nonce of the gateway's challenge. */
  challenge(limit: Limit): Promise<string>
  /** The payload of the answer; rejects with `rpc_failed` and the gateway's error in `details`. */
  request(method: string, params: unknown, options: { limit: Limit; expectFinal?: boolean }): Promise<any>
  /** Close when the gateway is silent for twice this time. */
  watch(tickIntervalMs: number): void
  /** Resolves with how it was closed. */
  readonly closed: Promise<Closed>
  /** Close now; with a wait, give the gateway that long to close first, because its code says why. */
  close(waitMs?: number): void
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

export interface SocketOptions {
  readonly url: string
  /** Authority to believe beside the usual ones. */
  readonly ca?: string | undefined
  /** A connection that was made already. */
  readonly stream?: Socket | undefined
  /** Lines after the text of a failure of the connection itself. */
  readonly detail: string
  readonly signal?: AbortSignal | undefined
}

const mostFrameBytes = 26_214_400
const closeLimitMs = 1_000

/** Open a socket. Whatever goes wrong with it rejects all that waits, with `rpc_closed` or, before it was open, `rpc_unreachable`. */
export function openSocket({ url, ca, stream, detail, signal }: SocketOptions): RpcSocket {
  const waiting = new Waiting(detail)
  const socket = new WebSocket(url, {
    maxPayload: mostFrameBytes,
    perMessageDeflate: false,
    followRedirects: false,
    ...(ca !== undefined && { ca }),
    ...(stream && { createConnection: () => stream }),
  })
  const state = { opened: false, heardAt: performance.now(), cause: undefined as string | undefined }
  socket.on('open', () => (state.opened = true))
  socket.on('error', (error) => (state.cause ??= messageOf(error)))
  socket.on('message', (data) => {
    state.heardAt = performance.now()
    const frame = readFrame(String(data))
    if (frame) waiting.hear(frame)
  })
  const closed = new Promise<Closed>((resolve) => {
    socket.once('close', (code, reason) => {
      const ended = { code, reason: reason.toString() }
      waiting.fail(closeError(ended, state, detail))
      resolve(ended)
    })
  })
  endOnAbort(socket, signal)
  return {
    closed,
    challenge: (limit) => waiting.challenge(limit),
    request(method, params, { limit, expectFinal = false }) {
      const id = randomUUID()
      const answer = waiting.response(id, limit, expectFinal)
      // What cannot be sent ends the socket, and with it the wait.
      if (!waiting.failed) socket.send(JSON.stringify({ type: 'req', id, method, params }), () => undefined)
      return answer
    },
    watch(tickIntervalMs) {
      const look = () => {
        if (performance.now() - state.heardAt <= 2 * tickIntervalMs) return
        state.cause = 'tick timeout'
        socket.terminate()
      }
      const watchdog = setInterval(look, tickIntervalMs).unref()
      socket.once('close', () => clearInterval(watchdog))
    },
    close(waitMs) {
      if (waitMs === undefined) socket.close(1000)
      // A peer that does not answer the close must not keep the program.
      const end = setTimeout(() => socket.terminate(), waitMs ?? closeLimitMs)
      if (waitMs === undefined) end.unref()
      void closed.then(() => clearTimeout(end))
    },
  }
}

function endOnAbort(socket: WebSocket, signal: AbortSignal | undefined) {
  if (!signal) return
  const abort = () => socket.terminate()
  if (signal.aborted) return abort()
  signal.addEventListener('abort', abort, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', abort))
}

const closeNames: Readonly<Record<number, string>> = {
  1000: ' normal closure',
  1006: ' abnormal closure (no close frame)',
  1012: ' service restart',
}

/** As in `gateway closed (1006 abnormal closure (no close frame)): no close reason`, then the target's lines. */
function closeError({ code, reason }: Closed, { opened, cause }: { opened: boolean; cause: string | undefined }, detail: string) {
  const text = `gateway closed (${code}${closeNames[code] ?? ''}): ${reason || 'no close reason'}`
  return new GatewayError(
    opened ? 'rpc_closed' : 'rpc_unreachable',
    [text, detail, ...(cause === undefined ? [] : [`Cause: ${cause}`])].join('\n'),
    { details: { close: { code, reason } } },
  )
}
