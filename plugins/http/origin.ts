import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Denial } from 'openclaw/plugin'
import { originAllowed } from './rules.js'
import type { Site } from './site.js'

export const foreignOrigin: Denial = {
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

/**
 * A state-changing request that a browser made for a page of another origin is refused, whatever credential came along.
 * Without any auth every foreign page is refused, and so is a form post and anything that came through a proxy.
 */
export function browserRefusal({ headers, method }: IncomingMessage, site: Site, forwarded: boolean): Denial | undefined {
  const open = site.access.mode === 'none'
  const from = headers['sec-fetch-site']
  const changes = method !== 'GET' && method !== 'HEAD'
  if ((from === 'cross-site' || from === 'same-site') && (open || changes) && !isListed(headers.origin, site)) return foreignOrigin
  if (!open) return undefined
  if (!originAllowed(headers.origin, headers.host as string, site.origins)) return foreignOrigin
  if (forwarded) return proxied
  return method === 'POST' && !/^application\/json\b/i.test(headers['content-type'] ?? '') ? formPost : undefined
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
