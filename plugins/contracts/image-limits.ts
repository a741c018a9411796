import { firstBytes, parseDataUri } from './data-uri.js'
import { imageType } from './images.js'
import { integer } from './schema-nodes.js'

/** What an endpoint takes of images. */
export interface ImageLimits {
  /** Take `http(s)` image URLs and hand them to the provider, which fetches them. Off: only `data:` URIs. */
  readonly allowUrl: boolean
  /** Host names whose URLs are taken: exact, or `*.example.com` for the names below it. Empty: any. */
  readonly urlAllowlist: readonly string[]
  /** Media types, compared with what the image's first bytes say. Empty: the default list. */
  readonly allowedMimes: readonly string[]
  /** Decoded bytes of one image. */
  readonly maxBytes: number
  /** Kept for fetching by the gateway; the provider follows its own limit. */
  readonly maxRedirects: number
  /** Kept for fetching by the gateway; the provider follows its own limit. */
  readonly timeoutMs: number
}

/** Media types of images that are taken when the configuration names none. */
export const defaultMimes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif']

const texts = (value: readonly string[], help: string) => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: value,
  'x-help': help,
})

/** The schema of `ImageLimits`. */
export const imagesNode = (allowUrl: boolean) => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    allowUrl: {
      type: 'boolean',
      default: allowUrl,
      'x-help': 'Pass http(s) image URLs to the provider. It fetches them from where it runs.',
    },
    urlAllowlist: texts([], 'Host names of image URLs, exact or "*.example.com". Empty: any host.'),
    allowedMimes: texts(defaultMimes, 'Image types, by the first bytes of the image. Empty: the default list.'),
    maxBytes: integer(10_485_760, 1, 104_857_600, 'Decoded bytes of one image.'),
    maxRedirects: integer(3, 0, 10, 'Redirects of one image download.'),
    timeoutMs: integer(10_000, 100, 60_000, 'Time of one image download.'),
  },
})

type Allowed = Pick<ImageLimits, 'allowedMimes' | 'maxBytes'>

/** Whether images of this type are taken. */
export function allowsImage(type: string | undefined, { allowedMimes }: Pick<ImageLimits, 'allowedMimes'>): boolean {
  const allowed = allowedMimes.length > 0 ? allowedMimes : defaultMimes
  return type !== undefined && allowed.some((mime) => mime.toLowerCase().split(';')[0]?.trim() === type)
}

/** A `data:` URI that holds an allowed image, labelled as what its bytes are; undefined when it does not. */
export function checkImage(url: string, limits: Allowed): { readonly url: string; readonly bytes: number } | undefined {
  const data = parseDataUri(url)
  if (!data || data.bytes > limits.maxBytes) return undefined
  const type = imageType(firstBytes(data, 16))
  if (!allowsImage(type, limits)) return undefined
  // Backends compare the label with the bytes and refuse a wrong one, so the bytes decide.
  return { url: data.type === type ? url : `data:${type};base64,${data.base64}`, bytes: data.bytes }
}
