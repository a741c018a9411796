import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { isPublic } from '../../../plugins/egress/addresses.js'
import { parseTarget, placeFrom } from '../../../plugins/egress/target.js'
import { judge } from '../../../plugins/egress/verdict.js'
import { networkOf } from './boot.js'

/** First and last address of what is denied, and the public ones beside it. */
const ranges: readonly (readonly [first: string, last: string, ...beside: string[]])[] = [
  ['0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '239.255.255.255', '223.255.255.255'],
  ['240.0.0.0', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['::2', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2000::'],
  ['100::', '100::ffff:ffff:ffff:ffff'],
  ['64:ff9b::', '64:ff9b::ffff:ffff'],
  ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:200::'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
  ['3ffe::', '3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]

const services = [
  '169.254.169.254', // most clouds
  '169.254.170.2', // tasks in containers
  '169.254.42.42',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:42::42',
  'fe80::a9fe:a9fe',
]

const denied4 = [
  '127.0.0.1',
  '127.255.255.254',
  '10.1.2.3',
  '172.20.0.9',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.251',
  '255.255.255.255',
]
const public4 = ['1.1.1.1', '8.8.8.8', '93.184.215.14', '223.255.255.254']

const bytesOf = (address: string) => address.split('.').map(Number) as [number, number, number, number]
const hex = (value: number, digits = 2) => value.toString(16).padStart(digits, '0')
const octal = (value: number) => `0${value.toString(8)}`
const fullWidth = (text: string) => text.replace(/[0-9.]/g, (char) => String.fromCodePoint(char.codePointAt(0)! + 0xfee0))

/** Ways to write an IPv4 address in a URL. */
const spellings: Readonly<Record<string, (address: string) => string>> = {
  dotted: (address) => address,
  'with a dot at the end': (address) => `${address}.`,
  'one number': (address) => String(Buffer.from(bytesOf(address)).readUInt32BE()),
  'one number, hexadecimal': (address) => `0x${Buffer.from(bytesOf(address)).toString('hex')}`,
  'one number, upper case': (address) => `0X${Buffer.from(bytesOf(address)).toString('hex').toUpperCase()}`,
  'one number, octal': (address) => octal(Buffer.from(bytesOf(address)).readUInt32BE()),
  'four octal numbers': (address) => bytesOf(address).map(octal).join('.'),
  'four hexadecimal numbers': (address) =>
    bytesOf(address)
      .map((byte) => `0x${hex(byte)}`)
      .join('.'),
  'many zeros in front': (address) =>
    bytesOf(address)
      .map((byte) => `0000000${octal(byte)}`)
      .join('.'),
  'two numbers': (address) => `${bytesOf(address)[0]}.${Buffer.from(bytesOf(address)).readUIntBE(1, 3)}`,
  'three numbers': (address) => `${bytesOf(address).slice(0, 2).join('.')}.${Buffer.from(bytesOf(address)).readUInt16BE(2)}`,
  'mixed bases': (address) =>
    bytesOf(address)
      .map((byte, i) => (i % 2 ? `0x${hex(byte)}` : octal(byte)))
      .join('.'),
  'full width': fullWidth,
  'ideographic full stops': (address) => address.replaceAll('.', '\u3002'),
  'percent-encoded': (address) => [...address].map((char) => `%${hex(char.charCodeAt(0))}`).join(''),
  'a tab inside': (address) => `${address[0]}\t${address.slice(1)}`,
  'a soft hyphen inside': (address) => `${address[0]}\u00ad${address.slice(1)}`,
} // prettier-ignore

/** Ways to put an IPv4 address into an IPv6 one. */
const embedded: Readonly<Record<string, (address: string) => string>> = {
  mapped: (address) => `::ffff:${address}`,
  'mapped, written out': (address) => `0:0:0:0:0:FFFF:${groups(address)}`,
  compatible: (address) => `::${address}`,
  translated: (address) => `::ffff:0:${address}`,
  NAT64: (address) => `64:ff9b::${address}`,
  'NAT64 of a network': (address) => `64:ff9b:1::${address}`,
  '6to4': (address) => `2002:${groups(address)}::1`,
  Teredo: (address) =>
    `2001:0:1:2:3:4:${groups(
      bytesOf(address)
        .map((byte) => 255 - byte)
        .join('.'),
    )}`,
} // prettier-ignore
const groups = (address: string) =>
  Buffer.from(bytesOf(address))
    .toString('hex')
    .replace(/^(.{4})/, '$1:') // prettier-ignore

const policy = { network: networkOf({}, { isPublic }), allowed: new Set<string>(), connectMs: 1_000 }
const verdict = (host: string) => judge(parseTarget(`http://${host}/`, []), policy, new Canceller())
const deniedUrl = (host: string) => assert.rejects(async () => verdict(host), { code: 'egress_refused' }, host)
/** What a name resolves to is judged like what a URL says. */
const deniedName = (address: string) => {
  const network = networkOf({ 'name.test': [address] }, { isPublic })
  const target = parseTarget('http://name.test/', [])
  return assert.rejects(judge(target, { ...policy, network }, new Canceller()), { code: 'egress_refused' }, address)
}

describe('addresses', () => {
  test('T-NET-02 each denied range ends where it ends', async () => {
    for (const [first, last, ...beside] of ranges) {
      for (const address of [first, last]) {
        assert.equal(isPublic(address), false, address)
        await deniedUrl(address.includes(':') ? `[${address}]` : address)
        await deniedName(address)
      }
      for (const address of beside) assert.equal(isPublic(address), true, address)
    }
  })

  test('T-NET-02 metadata services are denied, as addresses and as what a name leads to', async () => {
    for (const address of services) {
      await deniedUrl(address.includes(':') ? `[${address}]` : address)
      await deniedName(address)
    }
  })

  let spelt = 0
  for (const [what, spell] of Object.entries(spellings))
    test(`T-NET-02 IPv4, ${what}: what counts is where it leads`, async () => {
      for (const address of denied4) {
        await deniedUrl(spell(address))
        spelt++
      }
      for (const address of public4) {
        assert.deepEqual(await verdict(spell(address)), [address])
        spelt++
      }
    })

  for (const [what, embed] of Object.entries(embedded))
    test(`T-NET-02 IPv4 inside of IPv6, ${what}: denied, whatever it is`, async () => {
      for (const address of [...denied4, ...public4]) {
        await deniedUrl(`[${embed(address)}]`)
        await deniedName(embed(address))
        spelt += 2
      }
    })

  test('T-NET-02 the table has 300 spellings at least', () => assert.ok(spelt >= 300, `${spelt}`))

  test('T-NET-02 what is no address, or has a zone, is not public', () => {
    for (const text of ['', 'localhost', '1.1.1', '01.1.1.1', '1.1.1.1 ', '[2606:4700::1]', '2606:4700::1%lo', 'fe80::1%1', '1.1.1.1/8'])
      assert.equal(isPublic(text), false, text)
    assert.equal(isPublic('2606:4700::1'), true)
  })

  test('T-NET-02 names of this machine are resolved, and then denied', async () => {
    const names = Object.fromEntries(['localhost', 'localhost.', 'x.localhost', 'ip6-loopback'].map((name) => [name, ['::1']]))
    for (const name of [...Object.keys(names), 'LOCALHOST', 'ⓛocalhost']) {
      const target = parseTarget(`http://${name}/`, [])
      await assert.rejects(judge(target, { ...policy, network: networkOf(names, { isPublic }) }, new Canceller()), {
        code: 'egress_refused',
      })
    }
  })

  test('an exception is one host and one port', async () => {
    const names = { 'files.test': ['10.0.0.5'], 'files.test.': ['10.0.0.5'], 'other.test': ['10.0.0.5'] }
    const entries = ['Files.Test:8080', '127.1:9000', '[FD00:0::1]:443', 'plain.test:80'].map(
      (entry) => placeFrom(entry) ?? assert.fail(entry),
    )
    const exceptions = { ...policy, network: networkOf(names, { isPublic }), allowed: new Set(entries) }
    const judged = (url: string) => judge(parseTarget(url, []), exceptions, new Canceller())
    assert.deepEqual(await judged('http://files.test:8080/x'), ['10.0.0.5'])
    assert.deepEqual(await judged('https://FILES.test:8080/x'), ['10.0.0.5'])
    assert.deepEqual(await judged('http://2130706433:9000/'), ['127.0.0.1'])
    assert.deepEqual(await judged('https://[fd00::1]/'), ['fd00::1'])
    for (const url of [
      'http://files.test/',
      'http://files.test:8081/',
      'http://files.test.:8080/',
      'http://10.0.0.5:8080/',
      'http://other.test:8080/',
      'http://127.0.0.1/',
      'http://127.0.0.2:9000/',
      'http://[fd00::1]/',
      'http://[fd00::2]:443/',
    ])
      await assert.rejects(judged(url), { code: 'egress_refused' }, url)
  })

  test('an exception is host and port, and nothing more', () => {
    for (const entry of [
      'files.test',
      'files.test:',
      'files.test:0',
      'files.test:70000',
      'http://files.test:80',
      'a@files.test:80',
      'a/b:80',
      '*:80 ',
    ])
      assert.equal(placeFrom(entry), undefined, entry)
    assert.equal(placeFrom('files.test:080'), 'files.test:80')
  })
})
