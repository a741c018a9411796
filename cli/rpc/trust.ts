import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { GatewayConfig } from 'openclaw'
import { GatewayError } from 'openclaw/plugin'
import { loadTls } from '../gateway/tls.js'
import type { Paths } from '../paths.js'
import type { Place } from './target.js'

/** How a server is known to be the right one: by an authority, or by the digest of its certificate. */
export interface Trust {
  readonly ca?: string
  /** SHA-256 in lower-case hex. */
  readonly fingerprint?: string
}

/** A certificate the gateway made for itself is known here: it is in the same state directory. A remote one may be pinned. */
export async function trustOf({ url, source }: Place, gateway: GatewayConfig, paths: Paths): Promise<Trust> {
  if (!url.startsWith('wss:')) return {}
  if (source === 'config gateway.remote.url') {
    const pin = gateway.remote?.['tlsFingerprint']
    return typeof pin === 'string' ? { fingerprint: normalise(pin) } : {}
  }
  if (source !== 'local loopback') return {}
  const { cert } = await loadTls({ ...gateway.tls, enabled: true, autoGenerate: false }, paths)
  return cert === undefined ? {} : { ca: cert }
}

/** A connection to the very certificate that is pinned. Throws `rpc_setup` for another, and what the network says. */
export function openPinned(url: string, fingerprint: string, timeoutMs: number): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port || 443), servername: isIP(host) ? '' : host, rejectUnauthorized: false })
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(timeoutMs, () => fail(new GatewayError('rpc_timeout', `gateway timeout after ${timeoutMs}ms`)))
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate().fingerprint256 ?? ''
      if (normalise(shown) !== fingerprint)
        return fail(
          new GatewayError(
            'rpc_setup',
            `The gateway shows a certificate of SHA-256 ${shown}; gateway.remote.tlsFingerprint expects another.`,
          ),
        )
      socket.setTimeout(0).off('error', fail)
      resolve(socket)
    })
  })
}

/** `sha256:AB:CD…`, `AB:CD…` and `abcd…` are the same. */
const normalise = (fingerprint: string): string =>
  fingerprint
    .trim()
    .replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase()
