import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { IncomingMessage } from 'node:http'
import { GatewayError, printable } from 'openclaw/plugin'
import { hostName, isLoopbackName } from './peer.js'

/** Headers that may come in several lines, because all readers join them to one list. Any other is refused when repeated. */
const repeatable = new Set(
  (
    'accept accept-charset accept-encoding accept-language baggage cache-control connection cookie expect forwarded if-match ' +
    'if-none-match keep-alive link pragma prefer sec-websocket-extensions sec-websocket-protocol te trailer tracestate upgrade via ' +
    'warning x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto'
  ).split(' '),
)

/** The first header that two readers could read differently. */
function repeatedHeader({ rawHeaders, headers }: IncomingMessage): string | undefined {
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (seen.has(name) && !repeatable.has(name)) return name
    seen.add(name)
  }
  return undefined
}

/** Names this gateway answers to. An IP literal cannot be rebound to another address, so any is fine. */
export interface HostRules {
  accepts(host: string): boolean
}

const local = /^(?:localhost|[a-z0-9-]+|(?:[a-z0-9-]+\.)+(?:localhost|local|internal)|(?:[a-z0-9-]+\.)+ts\.net)$/
export function hostRules(configured: readonly string[]): HostRules {
  const names = new Set([hostname().toLowerCase(), ...configured.map((name) => name.toLowerCase())])
  const accepted = new Set<string>()
  return {
    accepts(host) {
      if (accepted.has(host)) return true
      const name = hostName(host)
      if (name === undefined || !(isIP(name) || local.test(name) || names.has(name))) return false
      if (accepted.size < 100) accepted.add(host)
      return true
    },
  }
}

const closes = new Set(['headers_too_large', 'bad_request'])
/** Whether a refusal also ends the connection: what follows on it can't be trusted. */
export const endsConnection = (error: GatewayError) => closes.has(error.code)

/** Request line and headers against the grammar. The default parser lets all of this through. */
export function checkHeaders(req: IncomingMessage, hosts: HostRules, headerLines: number): GatewayError | undefined {
  const { rawHeaders, headers, httpVersion } = req
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new GatewayError('bad_request', 'Only HTTP/1.1 and HTTP/1.0 are served.')
  if (rawHeaders.length > headerLines * 2) return new GatewayError('headers_too_large', `More than ${headerLines} header lines.`)
  const repeated = repeatedHeader(req)
  if (repeated) return new GatewayError('bad_request', `The header ${printable(repeated, 64)} is sent more than once.`)
  if (headers.host === undefined || !hosts.accepts(headers.host))
    return new GatewayError('misdirected_request', 'This Host is not served here. Add it to gateway.http.allowedHosts if it should be.')
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return new GatewayError('expectation_failed', 'Only Expect: 100-continue is understood.')
  return undefined
}

export interface Target {
  path: string
  query: string
  /** The path holds `%2F`: data for a route that says so, refused elsewhere. */
  encodedSlash: boolean
}

const simplePath = /^(?:\/[A-Za-z0-9_-]+)+$/
const legalPath = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})*)+$/
const hidden = /%(?:2e|5c|25|00)/i
const dotOrEmptySegment = /(?:^|\/)\.{1,2}(?:\/|$)|\/\//

/**
 * The one canonical form of a request target. Origin-form, or absolute-form whose authority is the Host. Refused: encoded
 * dot, backslash, percent and NUL, dot and empty segments, `;`, bytes outside the URL grammar.
 */
export function parseTarget(url: string, host: string, maxBytes: number): Target | GatewayError {
  const bad = (reason: string) => new GatewayError('bad_request', `Bad request target: ${reason}.`)
  if (url.length > maxBytes) return new GatewayError('headers_too_large', `The request target is longer than ${maxBytes} bytes.`)
  let target = url
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]*)(\/.*)?$/i.exec(target)
    if (!absolute || absolute[1]?.toLowerCase() !== host.toLowerCase()) return bad('only origin-form is served')
    target = absolute[2] ?? '/'
  }
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (simplePath.test(path)) return { path, query, encodedSlash: false }
  if (!legalPath.test(path)) return bad('characters that are not allowed in a path')
  if (hidden.test(path)) return bad('an encoded dot, backslash, percent or NUL')
  if (dotOrEmptySegment.test(path)) return bad('dot or empty segments')
  return { path, query, encodedSlash: /%2f/i.test(path) }
}

/** Upgrades: `websocket`, version 13, GET, without a body and without bytes before the 101. */
export function checkUpgrade(req: IncomingMessage, head: Buffer): GatewayError | undefined {
  const { headers } = req
  if (headers.upgrade?.toLowerCase() !== 'websocket' || headers['sec-websocket-version'] !== '13')
    return new GatewayError('upgrade_required', 'Only WebSocket version 13 is served.')
  if (req.method !== 'GET') return new GatewayError('bad_request', 'An upgrade is a GET.')
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined || head.length > 0)
    return new GatewayError('bad_request', 'An upgrade carries no body.')
  return undefined
}

/**
 * Whether a browser page of this origin may talk to us: same origin, a listed one, or loopback to loopback. No Origin at
 * all is not a browser's cross-site request.
 */
export function originAllowed(origin: string | undefined, host: string, listed: ReadonlySet<string>): boolean {
  if (origin === undefined || listed.has(origin.toLowerCase())) return true
  const authority = /^https?:\/\/([^/?#@]+)$/.exec(origin.toLowerCase())?.[1]
  if (authority === undefined) return false
  if (authority === host.toLowerCase()) return true
  return isLoopbackName(hostName(authority)) && isLoopbackName(hostName(host))
}
