import { firstBytes, parseDataUri } from './data-uri.js'
import { imageType } from './images.js'
import { allowsType, type MediaLimits } from './media-limits.js'

/** A `data:` URI that holds an allowed image, labelled as what its bytes are; undefined when it does not. */
export function checkImage(
  url: string,
  limits: Pick<MediaLimits, 'allowedMimes' | 'maxBytes'>,
): { readonly url: string; readonly bytes: number } | undefined {
  const data = parseDataUri(url)
  if (!data || data.bytes > limits.maxBytes) return undefined
  const type = imageType(firstBytes(data, 16))
  if (!allowsType('image', limits, type)) return undefined
  // Backends compare the label with the bytes and refuse a wrong one, so the bytes decide.
  return { url: data.type === type ? url : `data:${type};base64,${data.base64}`, bytes: data.bytes }
}
