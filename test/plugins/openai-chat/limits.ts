import { defaultTypes, type MediaLimits } from '../../../plugins/contracts/media-limits.js'
import type { Config } from '../../../plugins/openai-chat/schema.js'

/** The configuration as the schema fills it in, with some of it changed. */
export const limits = (change: Partial<Config> = {}, images: Partial<MediaLimits> = {}): Config => ({
  maxBodyBytes: 20_971_520,
  maxImageParts: 8,
  maxTotalImageBytes: 20_971_520,
  ...change,
  images: {
    allowUrl: false,
    urlAllowlist: [],
    allowedMimes: defaultTypes.image,
    maxBytes: 10_485_760,
    maxRedirects: 3,
    timeoutMs: 10_000,
    ...images,
  },
})
