import { GatewayError } from 'openclaw/plugin'
import type { Offline, Rpc } from '../contracts/offline.js'
import type { LocalPairing } from './local.js'

/**
 * Work over the gateway; where this machine's own gateway does not know our device yet, on its files: whoever may write those
 * needs nobody's leave. Both get what they need, and answer the same.
 */
export async function withFallback<T>(
  context: Offline,
  options: Record<string, any>,
  work: { rpc(gateway: Rpc): Promise<T>; local(pairing: LocalPairing): T },
): Promise<T> {
  try {
    return await context.rpc(options, work.rpc)
  } catch (error) {
    if (!isUnpaired(error) || (await context.target(options)).source !== 'local loopback') throw error
  }
  context.out.error('Direct scope access failed; using local fallback.')
  const { openLocalPairing } = await import('./local.js')
  const pairing = await openLocalPairing(context.paths.state, context.openDatabase)
  try {
    return work.local(pairing)
  } finally {
    pairing.close()
  }
}

const isUnpaired = (error: unknown) =>
  error instanceof GatewayError &&
  error.code === 'rpc_denied' &&
  (error.details as { code?: string } | undefined)?.code === 'PAIRING_REQUIRED'
