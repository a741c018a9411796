import { GatewayError } from 'openclaw/plugin'
import type { Rpc } from '../../plugins/contracts/offline.js'
import { requireCredentials } from './credentials.js'
import { greet, type GreetContext } from './greet.js'
import { refusePlaintext } from './target.js'

/** Connect, do the work, disconnect, all within `timeoutMs`. Throws with the codes of `RpcErrorCode`. */
export async function withRpc<T>(context: GreetContext, work: (rpc: Rpc) => Promise<T>): Promise<T> {
  const { place, paths, credentials, settings, secrets, timeoutMs } = context
  refusePlaintext(place, secrets.env, paths)
  if (place.source.startsWith('missing'))
    throw new GatewayError(
      'rpc_setup',
      `gateway remote mode misconfigured: gateway.remote.url missing\nConfig: ${paths.config}\nFix: set gateway.remote.url, or set gateway.mode=local.`,
    )
  if ((settings.credentials ?? 'required') === 'required') requireCredentials(credentials, place, paths.config)
  const began = performance.now()
  const limit = () => ({ ms: Math.max(1, timeoutMs - (performance.now() - began)), toldMs: timeoutMs })
  const { socket, hello, deviceId } = await greet(context, limit)
  const connectMs = Math.round(performance.now() - began)
  try {
    socket.watch(hello['policy']?.tickIntervalMs ?? 30_000)
    return await work({
      deviceId,
      connectMs,
      call: (method, params = {}, { timeoutMs: own, expectFinal = false } = {}) =>
        socket.request(method, params, { limit: own === undefined ? limit() : { ms: own, toldMs: own }, expectFinal }),
    })
  } finally {
    socket.close()
  }
}
