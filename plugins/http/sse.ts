import type { ServerResponse } from 'node:http'
import { GatewayError } from 'openclaw/plugin'
import type { EventStream, EventStreamOptions } from '../contracts/http.js'

/**
 * Begin a 200 event stream. A comment goes out after `keepAliveMs` of silence. A client that does not read for
 * `stalledMs` is cut off: its pending `write` rejects.
 */
export function openEventStream(
  res: ServerResponse,
  { headers, keepAliveMs = 15_000, stalledMs = 120_000 }: EventStreamOptions = {},
): EventStream {
  res.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  })
  res.flushHeaders()
  let wrote = false
  const beat = setInterval(() => {
    if (!wrote && !res.writableNeedDrain) res.write(': keepalive\n\n')
    wrote = false
  }, keepAliveMs)
  beat.unref()
  const stop = () => clearInterval(beat)
  res.once('close', stop)
  const drained = () =>
    new Promise<void>((resolve, reject) => {
      const stalled = setTimeout(() => res.destroy(), stalledMs)
      const settle = (then: () => void) => () => {
        clearTimeout(stalled)
        res.off('drain', onDrain).off('close', onClose)
        then()
      }
      const onDrain = settle(resolve)
      const onClose = settle(() => reject(new GatewayError('client_closed', 'The client closed the stream.')))
      res.once('drain', onDrain).once('close', onClose)
    })
  return {
    write(frames) {
      if (res.destroyed) return Promise.reject(new GatewayError('client_closed', 'The client closed the stream.'))
      wrote = true
      return res.write(frames) ? undefined : drained()
    },
    end(frames) {
      stop()
      res.end(frames)
    },
  }
}
