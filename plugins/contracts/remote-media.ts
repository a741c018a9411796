import type { Cancellation } from './cancellation.js'
import type { Egress, EgressResponse } from './egress.js'
import { GatewayError } from 'openclaw/plugin'
import { imageType } from './images.js'
import { allowsType, type MediaLimits } from './media-limits.js'

/** What a client's URL may lead to. */
export type RemoteLimits = Omit<MediaLimits, 'allowUrl'>

/** Content of a URL, as a `data:` URI would have it. */
export interface RemoteImage {
  readonly mime: string
  readonly base64: string
  /** Decoded. */
  readonly bytes: number
}
export interface RemoteFile extends RemoteImage {
  readonly charset: string | undefined
}

/**
 * Fetch an image. Its first bytes say what it is, whatever the server says. `egress` is undefined where the plugin is off.
 * Rejects as `Egress.fetch` does; what is no allowed image is `egress_refused`, a status other than 2xx `egress_failed`.
 */
export async function fetchImage(
  egress: Egress | undefined,
  url: string,
  limits: RemoteLimits,
  cancellation: Cancellation,
): Promise<RemoteImage> {
  const { body } = await get(egress, url, limits, cancellation)
  const mime = imageType(body)
  if (mime === undefined || !allowsType('image', limits, mime)) throw refused('What the URL answers is not an image of an allowed type.')
  return { mime, base64: body.toString('base64'), bytes: body.length }
}

/** Fetch a file. Its server says what it is, but a PDF has to look like one. Rejects like `fetchImage`. */
export async function fetchFile(
  egress: Egress | undefined,
  url: string,
  limits: RemoteLimits,
  cancellation: Cancellation,
): Promise<RemoteFile> {
  const { body, type: mime, charset } = await get(egress, url, limits, cancellation)
  if (!allowsType('file', limits, mime)) throw refused('What the URL answers is not a file of an allowed type.')
  if (mime === 'application/pdf' && body.toString('latin1', 0, 5) !== '%PDF-')
    throw refused('What the URL answers is not the PDF it says it is.')
  return { mime, charset, base64: body.toString('base64'), bytes: body.length }
}

const refused = (message: string) => new GatewayError('egress_refused', message)

async function get(egress: Egress | undefined, url: string, limits: RemoteLimits, cancellation: Cancellation): Promise<EgressResponse> {
  if (!egress) throw refused('URLs are not fetched here: the plugin "egress" is off.')
  const { urlAllowlist: hosts, maxBytes, maxRedirects, timeoutMs } = limits
  const answer = await egress.fetch({ url, hosts, maxBytes, maxRedirects, timeoutMs }, cancellation)
  if (answer.status < 200 || answer.status > 299) throw new GatewayError('egress_failed', `The URL answers with status ${answer.status}.`)
  if (answer.body.length === 0) throw new GatewayError('egress_failed', 'The URL answers nothing.')
  return answer
}
