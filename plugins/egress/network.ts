import { lookup } from 'node:dns/promises'
import type { Cancellation } from '../contracts/cancellation.js'
import { Slots } from '../contracts/slots.js'
import { isPublic } from './addresses.js'

/** The network as this process sees it. */
export interface Network {
  /** Every address of a name. Rejects when it has none. */
  resolve(name: string, cancellation: Cancellation): Promise<readonly string[]>
  /** Whether an address may be connected to. */
  isPublic(address: string): boolean
  /** Certificate authorities instead of the system's, in PEM. */
  readonly ca?: string
}

/**
 * Names are resolved as the system does it: in one of four threads, which files and hashes need too. Two stay free for those, however
 * slow the name servers of strangers are.
 */
const lookupsAtOnce = 2

/** `maxQueued`: names that wait to be resolved. */
export function systemNetwork(maxQueued: number): Network {
  const slots = new Slots('Too many names are being looked up.')
  return {
    isPublic,
    async resolve(name, cancellation) {
      await slots.take(lookupsAtOnce, maxQueued, cancellation)
      // Nothing ends a look-up that has begun: its place stays taken, even if nobody waits for it any more.
      try {
        return (await lookup(name, { all: true })).map(({ address }) => address)
      } finally {
        slots.release(lookupsAtOnce)
      }
    },
  }
}
