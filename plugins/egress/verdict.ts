import { isIP } from 'node:net'
import { type Cancellation, orAborted } from '../contracts/cancellation.js'
import { failed, refused, timedOut } from './faults.js'
import type { Network } from './network.js'
import { placeOf } from './target.js'

export interface Policy {
  readonly network: Network
  /** Places as `placeOf` writes them, whose addresses are not judged. */
  readonly allowed: ReadonlySet<string>
  /** For the look-up. */
  readonly connectMs: number
}

/** The addresses that may be connected to for a URL: looked up once, and all of its name's. Throws `egress_refused` if one of them is denied. */
export async function judge(url: URL, { network, allowed, connectMs }: Policy, cancellation: Cancellation): Promise<readonly string[]> {
  const name = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  const addresses = isIP(name) ? [name] : await inTime(network.resolve(name, cancellation), connectMs, cancellation)
  if (addresses.length === 0 || !addresses.every((address) => isIP(address))) throw failed()
  if (!allowed.has(placeOf(url)) && !addresses.every((address) => network.isPublic(address)))
    throw refused('it does not lead to a public address.')
  return addresses
}

async function inTime<T>(work: Promise<T>, limitMs: number, cancellation: Cancellation): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(timedOut()), limitMs)))
  try {
    return await orAborted(Promise.race([work, late]), cancellation)
  } finally {
    clearTimeout(timer)
  }
}
