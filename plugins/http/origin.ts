import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Denial, Peer } from 'openclaw/plugin'
import { originAllowed } from './rules.js'
import type { Site } from './site.js'

const foreignOrigin: Denial = {
  deny: 'origin_not_allowed',
  message: 'This Origin is not allowed. Add it to gateway.http.cors.allowedOrigins.',
}
const formPost: Denial = { deny: 'forbidden', message: 'Without a credential, Content-Type must be application/json.' }
const proxied: Denial = {
  deny: 'bad_request',
  message: 'gateway.auth.mode=none serves direct requests only; this one came through a proxy.',
}

const isListed = (origin: string | undefined, { origins }: Site): origin is string =>
  origin !== undefined && origins.has(origin.toLowerCase())

/** Origin against the authority that the client sees: behind a trusted proxy that rewrites Host, the one it was asked for. */
function isForeign({ headers }: IncomingMessage, { origins }: Site, { trusted }: Peer): boolean {
  const asked = trusted ? headers['x-forwarded-host'] : undefined
  return !(
    originAllowed(headers.origin, headers.host as string, origins) ||
    (typeof asked === 'string' && originAllowed(headers.origin, asked, origins))
  )
}

/**
 * A state-changing request that a browser made for a page of another origin is refused, whatever credential came along.
 * Where the browser itself carries no credential (no auth, or a proxy that adds one), an Origin header must be ours and
 * a post must be one that no form can send. Without any auth reading is refused too, and whatever came through a proxy.
 */
export function browserRefusal(req: IncomingMessage, site: Site, peer: Peer): Denial | undefined {
  const { headers, method } = req
  const { mode } = site.access
  const open = mode === 'none'
  const from = headers['sec-fetch-site']
  const changes = method !== 'GET' && method !== 'HEAD'
  if ((from === 'cross-site' || from === 'same-site') && (open || changes) && !isListed(headers.origin, site)) return foreignOrigin
  if (open && peer.forwarded) return proxied
  if (!open && !(mode === 'trusted-proxy' && changes && headers.authorization === undefined)) return undefined
  if (isForeign(req, site, peer)) return foreignOrigin
  return method === 'POST' && !/^application\/json *(?:;|$)/i.test(headers['content-type'] ?? '') ? formPost : undefined
}

/** An upgrade is refused to a page of another origin in every mode, and without any auth to whatever came through a proxy. */
export function upgradeRefusal(req: IncomingMessage, site: Site, peer: Peer): Denial | undefined {
  if (isForeign(req, site, peer)) return foreignOrigin
  return site.access.mode === 'none' && peer.forwarded ? proxied : undefined
}

/** CORS headers for a listed origin; never `*`, never credentials. */
export function allowOrigin({ headers }: IncomingMessage, res: ServerResponse, site: Site): boolean {
  if (!isListed(headers.origin, site)) return false
  res.setHeader('access-control-allow-origin', headers.origin)
  res.setHeader('vary', 'Origin')
  return true
}

const askable = /^(?:authorization|content-type|x-(?:openclaw|stainless)-[a-z-]+)$/

/** Answer a preflight of a listed origin: no data, valid for ten minutes. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse) {
  const asked = String(req.headers['access-control-request-headers'] ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
  res.setHeader('access-control-allow-methods', 'GET, POST')
  res.setHeader('access-control-allow-headers', asked.filter((name) => askable.test(name)).join(', '))
  res.setHeader('access-control-max-age', '600')
  res.writeHead(204).end()
}
