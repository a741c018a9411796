import { domainToASCII } from 'node:url'
import { refused } from './faults.js'

const maxUrlLength = 8_192
const redirects = [301, 302, 303, 307, 308]

/** The URL, parsed once: what is checked here is what is asked. Throws `egress_refused`. `base`: the hop before. */
export function parseTarget(text: string, hosts: readonly string[], base?: URL): URL {
  const url = text.length <= maxUrlLength && URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined
  if (!url) throw refused('it is no URL.')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('only http and https are possible.')
  if (url.username !== '' || url.password !== '') throw refused('it has a user name or a password in it.')
  if (hosts.length > 0 && !hosts.some((entry) => hostMatches(url.hostname, entry))) throw refused('its host is not among the allowed ones.')
  return url
}

/** `*.example.com` stands for every name below example.com, not for example.com. */
function hostMatches(host: string, entry: string): boolean {
  const below = entry.startsWith('*.')
  const name = below ? entry.slice(2) : entry
  const wanted = domainToASCII(name) || name.toLowerCase()
  return below ? host.endsWith(`.${wanted}`) : host === wanted
}

/** Where an answer leads; undefined when it leads nowhere. */
export function nextOf(status: number, location: string | string[] | undefined, from: URL, hosts: readonly string[]): URL | undefined {
  if (!redirects.includes(status) || location === undefined) return undefined
  if (typeof location !== 'string') throw refused('its redirect names several places.')
  const next = parseTarget(location, hosts, from)
  if (from.protocol === 'https:' && next.protocol === 'http:') throw refused('it redirects from https to http.')
  return next
}

/** Host and port, as in an entry of `allow`. */
export const placeOf = ({ hostname, port, protocol }: URL): string => `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`

/** An entry of `allow` as `placeOf` writes it; undefined when it is none. */
export function placeFrom(entry: string): string | undefined {
  const port = /^[^\s/@?#\\]+:(\d{1,5})$/.exec(entry)?.[1]
  if (port === undefined || Number(port) === 0 || !URL.canParse(`http://${entry}`)) return undefined
  return `${new URL(`http://${entry}`).hostname}:${Number(port)}`
}
