import { defineSchema } from 'openclaw/plugin'
import { type MediaLimits, mediaNode } from '../contracts/media-limits.js'
import { integer } from '../contracts/schema-nodes.js'

export interface Config {
  readonly maxBodyBytes: number
  /** Images of one request. The last user turn's must fit; older ones are left out, oldest first. */
  readonly maxImageParts: number
  /** Decoded bytes of all images of one request. */
  readonly maxTotalImageBytes: number
  readonly images: MediaLimits
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Omit<Config, 'images'>> & { readonly images?: Partial<MediaLimits> }

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    maxBodyBytes: integer(20_971_520, 1_024, 104_857_600, 'Larger request bodies are refused with 413.'),
    maxImageParts: integer(8, 0, 256, 'Images of one request; 0 refuses images.'),
    maxTotalImageBytes: integer(20_971_520, 1, 104_857_600, 'Decoded bytes of all images of one request.'),
    images: mediaNode('image', { allowUrl: false, maxBytes: 10_485_760 }),
  },
})
