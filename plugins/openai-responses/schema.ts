import { defineSchema } from 'openclaw/plugin'
import { type MediaLimits, mediaNode } from '../contracts/media-limits.js'
import { integer } from '../contracts/schema-nodes.js'

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
    images: mediaNode('image', { allowUrl: true, maxBytes: 10_485_760 }),
    files: mediaNode(
      'file',
      { allowUrl: true, maxBytes: 5_242_880 },
      { maxChars: integer(200_000, 1, 10_485_760, 'Characters of a text file; the rest is cut off.'), pdf },
    ),
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
