import { defineSchema } from 'openclaw/plugin'
import { defaultMimes } from '../contracts/image-limits.js'
import { defaultFileMimes } from '../contracts/remote-media.js'
import { integer } from '../contracts/schema-nodes.js'

/** What is taken of one kind of media. */
export interface MediaLimits {
  /** Fetch `http(s)` URLs, through the plugin `egress`. Off: only what comes with the request. */
  readonly allowUrl: boolean
  /** Host names whose URLs are fetched: exact, or `*.example.com` for the names below it. Empty: any public one. */
  readonly urlAllowlist: readonly string[]
  /** Media types. Empty: the default list. */
  readonly allowedMimes: readonly string[]
  /** Decoded bytes of one image or file. */
  readonly maxBytes: number
  readonly maxRedirects: number
  readonly timeoutMs: number
}
export interface FileLimits extends MediaLimits {
  /** Characters of a text file that the model gets. */
  readonly maxChars: number
}
/** How much is kept of earlier responses: the first limit that is reached counts. */
export interface Retention {
  readonly entries: number
  readonly maxAgeMs: number
  readonly maxBytes: number
}

export interface Config {
  /** Default: 20 MiB, or twice the largest image or file if that is more. */
  readonly maxBodyBytes?: number
  /** URLs of one request, images and files together. */
  readonly maxUrlParts: number
  readonly images: MediaLimits
  readonly files: FileLimits
  readonly retention: Retention
  /** A `previous_response_id` that is not there is ignored, and the conversation begins anew. */
  readonly lenientPreviousResponse: boolean
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Omit<Config, 'images' | 'files' | 'retention'>> & {
  readonly images?: Partial<MediaLimits>
  readonly files?: Partial<FileLimits> & { readonly pdf?: Readonly<Record<string, number>> }
  readonly retention?: Partial<Retention>
}

/** Bytes that a request body may have, and all media of a request together. */
export const bodyLimit = ({ maxBodyBytes, images, files }: Config): number =>
  maxBodyBytes ?? Math.max(20_971_520, 2 * images.maxBytes, 2 * files.maxBytes)

const texts = (value: readonly string[], help: string) => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: value,
  'x-help': help,
})

const media = (what: string, mimes: readonly string[], maxBytes: number, more: Record<string, unknown> = {}) => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    allowUrl: { type: 'boolean', default: true, 'x-help': `Fetch http(s) URLs of ${what}s. Off: only what comes with the request.` },
    urlAllowlist: texts([], `Host names of ${what} URLs, exact or "*.example.com". Empty: any public host.`),
    allowedMimes: texts(mimes, `Media types of ${what}s. Empty: the default list.`),
    maxBytes: integer(maxBytes, 1, 104_857_600, `Decoded bytes of one ${what}.`),
    maxRedirects: integer(3, 0, 10, `Redirects of one ${what} download.`),
    timeoutMs: integer(10_000, 100, 60_000, `Time of one ${what} download.`),
    ...more,
  },
})

const unused = 'Accepted for existing files: a PDF goes to the provider as it is.'
const pdf = {
  type: 'object',
  additionalProperties: false,
  properties: {
    maxPages: { type: 'integer', minimum: 0, 'x-help': unused },
    maxPixels: { type: 'integer', minimum: 0, 'x-help': unused },
    minTextChars: { type: 'integer', minimum: 0, 'x-help': unused },
  },
}

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    maxBodyBytes: {
      type: 'integer',
      minimum: 1_024,
      maximum: 268_435_456,
      'x-help': 'Larger request bodies are refused with 413. Default: 20 MiB, or twice the largest image or file.',
    },
    maxUrlParts: integer(8, 0, 64, 'URLs of one request, images and files together; 0 refuses them.'),
    images: media('image', defaultMimes, 10_485_760),
    files: media('file', defaultFileMimes, 5_242_880, {
      maxChars: integer(200_000, 1, 10_485_760, 'Characters of a text file; the rest is cut off.'),
      pdf,
    }),
    retention: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        entries: integer(500, 0, 1_000_000, 'Responses that are kept; 0 keeps none.'),
        maxAgeMs: integer(1_800_000, 1_000, 31_536_000_000, 'How long a response is kept.'),
        maxBytes: integer(268_435_456, 1_048_576, 1_099_511_627_776, 'Bytes of all responses that are kept.'),
      },
    },
    lenientPreviousResponse: {
      type: 'boolean',
      default: false,
      'x-help': 'Begin a new conversation where `previous_response_id` is not found, in place of a 404.',
    },
  },
})
