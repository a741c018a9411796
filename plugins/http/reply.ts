import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { endLingering, unread } from './connection.js'
import type { Denial } from 'openclaw/plugin'
import { apiDenial, apiError } from './errors.js'

/** Answer with JSON; a string is sent as it is, so that a static answer is serialised once. */
export function replyJson(res: ServerResponse, status: number, body: unknown, headers?: OutgoingHttpHeaders) {
  send(res, status, 'application/json; charset=utf-8', typeof body === 'string' ? body : JSON.stringify(body), headers)
}

export function replyText(res: ServerResponse, status: number, body: string, headers?: OutgoingHttpHeaders) {
  send(res, status, 'text/plain; charset=utf-8', body, headers)
}

/** Answer with an API error, its text without secrets where `redact` is given. */
export function replyError(res: ServerResponse, thrown: unknown, extra?: OutgoingHttpHeaders, redact?: (text: string) => string) {
  const { status, body, headers } = apiError(thrown, redact)
  replyJson(res, status, body, { ...extra, ...headers })
}

export function replyDenial(res: ServerResponse, denial: Denial) {
  const { status, body, headers } = apiDenial(denial)
  replyJson(res, status, body, headers)
}

function send(res: ServerResponse, status: number, type: string, text: string, headers?: OutgoingHttpHeaders) {
  if (res.headersSent || res.destroyed) return
  const { req } = res
  const rest = unread(req)
  const last = rest === 'much' || headers?.['connection'] === 'close' || res.getHeader('connection') === 'close'
  for (const name in headers) if (headers[name] !== undefined) res.setHeader(name, headers[name])
  res.setHeader('content-type', type)
  res.setHeader('content-length', Buffer.byteLength(text))
  if (last) res.setHeader('connection', 'close')
  res.writeHead(status)
  const body = req.method === 'HEAD' ? '' : text
  if (!last || rest === 'nothing') return void res.end(body)
  res.write(body)
  endLingering(req, res)
}
