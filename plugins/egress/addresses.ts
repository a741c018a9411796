import { BlockList, isIP } from 'node:net'

/** What the registries of special-purpose addresses keep from the public network, and the one metadata service that has a public address. */
const denied4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/**
 * Everything outside is loopback, link-local, unique local, multicast, reserved, or IPv4 in the forms `::a.b.c.d`, `::ffff:a.b.c.d`,
 * `::ffff:0:a.b.c.d`, `64:ff9b::a.b.c.d` and `64:ff9b:1::a.b.c.d`.
 */
const global6 = ['2000::/3']
/** Teredo, benchmarks, ORCHID and other protocols; documentation; 6to4; the retired test network; documentation again. */
const denied6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3ffe::/16', '3fff::/20']

function listOf(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits] = range.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}
const deny4 = listOf('ipv4', denied4)
const allow6 = listOf('ipv6', global6)
const deny6 = listOf('ipv6', denied6)

/** Whether an address is global unicast, judged as a number. What is no address, or has a zone, is not. */
export function isPublic(address: string): boolean {
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 4) return !deny4.check(address, 'ipv4')
  return family === 6 && allow6.check(address, 'ipv6') && !deny6.check(address, 'ipv6')
}
