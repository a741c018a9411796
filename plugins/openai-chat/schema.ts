import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

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

export interface Config {
  readonly maxBodyBytes: number
  /** Images of one request. The last user turn's must fit; older ones are left out, oldest first. */
  readonly maxImageParts: number
  /** Decoded bytes of all `data:` images of one request. */
  readonly maxTotalImageBytes: number
  readonly images: ImageLimits
  /** When a stream answers 200 at the latest, with nothing from the model yet. */
  readonly firstByteMs: number
  /** Silence after which a stream sends a comment. */
  readonly keepAliveMs: number
  /** How long a client may leave its stream unread before it is cut off. */
  readonly stalledMs: number
  /** Whole run, waiting in the queue included. */
  readonly runTimeoutMs: number
  /** Runs at once; as many again wait up to 30 s. */
  readonly maxInFlight: number
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Omit<Config, 'images'>> & { readonly images?: Partial<ImageLimits> }

/** Media types of images that are taken when the configuration names none. */
export const defaultMimes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif']

const texts = (value: readonly string[], help: string) => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: value,
  'x-help': help,
})

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    maxBodyBytes: integer(20_971_520, 1_024, 104_857_600, 'Larger request bodies are refused with 413.'),
    maxImageParts: integer(8, 0, 256, 'Images of one request; 0 refuses images.'),
    maxTotalImageBytes: integer(20_971_520, 1, 104_857_600, 'Decoded bytes of all images of one request.'),
    images: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        allowUrl: {
          type: 'boolean',
          default: false,
          'x-help': 'Pass http(s) image URLs to the provider. It fetches them from where it runs.',
        },
        urlAllowlist: texts([], 'Host names of image URLs, exact or "*.example.com". Empty: any host.'),
        allowedMimes: texts(defaultMimes, 'Image types, by the first bytes of the image. Empty: the default list.'),
        maxBytes: integer(10_485_760, 1, 104_857_600, 'Decoded bytes of one image.'),
        maxRedirects: integer(3, 0, 10, 'Redirects of one image download.'),
        timeoutMs: integer(10_000, 100, 60_000, 'Time of one image download.'),
      },
    },
    firstByteMs: integer(10_000, 10, 60_000, 'A stream answers 200 at the latest after this time.'),
    keepAliveMs: integer(15_000, 100, 60_000, 'A silent stream sends a comment after this time.'),
    stalledMs: integer(120_000, 1_000, 600_000, 'A client that does not read its stream for this long is cut off.'),
    runTimeoutMs: integer(600_000, 1_000, 3_600_000, 'Longest run, waiting included.'),
    maxInFlight: integer(512, 1, 10_000, 'Runs at once. As many again wait up to 30 s, the rest gets 429.'),
  },
})
