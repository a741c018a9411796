import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { isLoopback, type Peer } from 'openclaw/plugin'

export interface ProxyRules {
  peer(socketAddress: string | undefined, headers: IncomingHttpHeaders): Peer
}

const fold = (address: string) => (/^::ffff:/i.test(address) && isIP(address.slice(7)) === 4 ? address.slice(7) : address)

/** Headers that only something between the client and us adds. Whoever sends one is not a direct client. */
const forwarding = [
  'x-forwarded-for',
  'x-real-ip',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'forwarded',
  'via',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
]

const hostAndPort = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/
/** The name in a Host header, lower case, without port and brackets; undefined when it is malformed. */
export function hostName(host: string): string | undefined {
  const match = hostAndPort.exec(host.toLowerCase())
  return match?.[1] ?? match?.[2]
}
/** `localhost`, 127.0.0.0/8 or ::1. */
export const isLoopbackName = (name: string | undefined): boolean =>
  name !== undefined && (name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.')))

/** Compile `gateway.trustedProxies`. Throws the entry that is no address or range. */
export function proxyRules(trustedProxies: readonly string[], allowRealIpFallback: boolean): ProxyRules {
  const list = new BlockList()
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/')
    if (!isIP(address)) throw new Error(`"${entry}" is not an IP address or CIDR range`)
    const family = isIP(fold(address)) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(fold(address), family)
    else list.addSubnet(fold(address), Number(bits), family)
  }
  const any = trustedProxies.length > 0
  const trusts = (address: string) => any && isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const bare = (hop: string) =>
    fold(
      hop
        .trim()
        .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
        .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1'),
    )
  const client = (socket: string, headers: IncomingHttpHeaders): string => {
    const hops = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .reverse()
      .map(bare)
    // The first hop that is not ours tells the client; where it is no address, what stands before it was told by the client.
    const first = hops.find((hop) => hop !== '' && !(isIP(hop) && (isLoopback(hop) || trusts(hop))))
    if (first !== undefined) return isIP(first) ? first : socket
    const real = bare(String(headers['x-real-ip'] ?? ''))
    return allowRealIpFallback && isIP(real) ? real : socket
  }
  return {
    peer(socketAddress, headers) {
      const socket = fold(socketAddress ?? 'unknown')
      const forwarded = forwarding.some((name) => headers[name] !== undefined)
      const trusted = trusts(socket)
      const direct = !forwarded && isLoopback(socket) && isLoopbackName(hostName(headers.host ?? ''))
      return { address: trusted && forwarded ? client(socket, headers) : socket, trusted, forwarded, direct }
    },
  }
}
