import { Client } from 'undici'
import { type Cancellation, orAborted } from '../contracts/cancellation.js'
import type { EgressResponse } from '../contracts/egress.js'
import { readBody } from './body.js'
import { connectorTo } from './connector.js'
import { nextOf } from './target.js'

export interface ExchangeOptions {
  readonly addresses: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly hosts: readonly string[]
  readonly maxBytes: number
  readonly connectMs: number
  readonly firstByteMs: number
  readonly ca: string | undefined
}

const own = { 'user-agent': 'OpenClaw-Gateway/1.0', accept: '*/*', 'accept-encoding': 'gzip, br' }
/** Set by us or by the connection. */
const reserved =
  /^(?:host|user-agent|accept-encoding|connection|keep-alive|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/

/** One request on a connection of its own, and its answer or where it redirects to. Nothing is left open, however it ends. */
export async function exchange(url: URL, options: ExchangeOptions, cancellation: Cancellation): Promise<EgressResponse | URL> {
  const { addresses, connectMs, firstByteMs, ca } = options
  // Sockets and requests listen to a signal of this hop's own, as they do not take their leave of it.
  const hop = new AbortController()
  const unwatch = cancellation.onAbort((reason) => hop.abort(reason))
  const { signal } = hop
  const client = new Client(url.origin, {
    connect: connectorTo(addresses, { connectMs, ca, signal }),
    // None, and so no connection is kept.
    pipelining: 0,
    headersTimeout: firstByteMs,
    bodyTimeout: firstByteMs,
  })
  try {
    const custom = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value] as const)
    const headers = { ...own, ...Object.fromEntries(custom.filter(([name]) => !reserved.test(name))) }
    const asked = client.request({ method: 'GET', path: url.pathname + url.search, headers, signal })
    const answer = await orAborted(asked, cancellation)
    // A body that is not read to its end fails when the connection goes; nobody waits for it.
    answer.body.on('error', () => undefined)
    const next = nextOf(answer.statusCode, answer.headers['location'], url, options.hosts)
    if (next) return next
    const body = await orAborted(readBody(answer.body, answer.headers, options.maxBytes), cancellation)
    return { status: answer.statusCode, ...mediaType(answer.headers['content-type']), body, url: url.href }
  } finally {
    unwatch()
    await client.destroy()
  }
}

function mediaType(header: string | string[] | undefined): Pick<EgressResponse, 'type' | 'charset'> {
  const text = typeof header === 'string' ? header.toLowerCase() : ''
  const charset = /;\s*charset\s*=\s*"?([^\s";,]+)/.exec(text)?.[1]
  return { type: text.split(/[;,]/, 1)[0]?.trim() ?? '', charset }
}
