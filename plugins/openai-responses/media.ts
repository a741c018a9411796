import type { Cancellation } from '../contracts/cancellation.js'
import { parseDataUri } from '../contracts/data-uri.js'
import { type Egress, isEgressFault } from '../contracts/egress.js'
import { type Body, invalid, isObject, unsupported } from '../contracts/fields.js'
import { isPdf } from '../contracts/file-text.js'
import { checkImage } from '../contracts/inline-image.js'
import { allowsType, type MediaKind } from '../contracts/media-limits.js'
import { fetchFile, fetchImage, type RemoteFile, type RemoteImage } from '../contracts/remote-media.js'
import type { FilePart, ImagePart } from './items.js'
import { bodyLimit, type Config } from './schema.js'

/** A URL that is fetched when the rest of the request is known to be in order. */
interface Download {
  readonly url: string
  readonly kind: MediaKind
  readonly param: string
  take(content: RemoteImage | RemoteFile): void
}

/** Where a part has its content: in the part, or in the older `source`. */
interface Origin {
  readonly url: string | undefined
  readonly data: string | undefined
}

const isUrl = (text: string) => /^https?:\/\//i.test(text)
const uriOf = ({ mime, base64, charset }: Pick<RemoteFile, 'mime' | 'base64'> & { charset?: string | undefined }) =>
  `data:${mime}${charset ? `;charset=${charset}` : ''};base64,${base64}`

/** The images and files of one request. */
export class Media {
  readonly #config: Config
  readonly #egress: Egress | undefined
  readonly #downloads: Download[] = []
  #bytes = 0

  /** Without `egress` URLs are refused. */
  constructor(config: Config, egress: Egress | undefined) {
    this.#config = config
    this.#egress = egress
  }

  /** A part `input_image`. Its URL is there after `settle`. Errors: `invalid_value`, `unsupported_parameter`. */
  image(part: Body, param: string): ImagePart {
    const holder = isObject(part['image_url']) ? part['image_url'] : { url: part['image_url'], detail: part['detail'] }
    const detail = holder['detail'] ?? part['detail']
    const image: ImagePart = {
      type: 'input_image',
      image_url: '',
      detail: detail === 'low' || detail === 'high' ? detail : detail === 'original' ? 'high' : 'auto',
    }
    const { url, data } = this.#originOf(part, holder['url'], undefined, 'image', param)
    const take = (uri: string) => (image.image_url = this.#checkedImage(uri, param))
    if (data !== undefined) take(data)
    else this.#later({ url: url as string, kind: 'image', param, take: (content) => take(uriOf(content)) })
    return image
  }

  /** A part `input_file`. Its data is there after `settle`. Errors: `invalid_value`, `unsupported_parameter`. */
  file(part: Body, param: string): FilePart {
    const source = isObject(part['source']) ? part['source'] : part
    const filename = source['filename'] ?? part['filename']
    const file: FilePart = {
      type: 'input_file',
      ...(typeof filename === 'string' && filename !== '' && { filename: filename.slice(0, 256) }),
      file_data: '',
    }
    const { url, data } = this.#originOf(part, part['file_url'], part['file_data'], 'file', param)
    const take = (uri: string) => (file.file_data = this.#checkedFile(uri, param))
    if (data !== undefined) take(data)
    else this.#later({ url: url as string, kind: 'file', param, take: (content) => take(uriOf(content)) })
    return file
  }

  #originOf(part: Body, url: unknown, data: unknown, kind: MediaKind, param: string): Origin {
    const { source } = part
    if (isObject(source)) {
      if (source['type'] === 'url') return this.#originOf({}, source['url'], undefined, kind, param)
      const { media_type: type, data: base64 } = source
      if (source['type'] !== 'base64' || typeof base64 !== 'string' || typeof type !== 'string')
        throw refused(kind, param, 'its source must be a URL, or base64 data with a media type.')
      return { url: undefined, data: uriOf({ mime: type, base64 }) }
    }
    if (typeof data === 'string' && data !== '') return { url: undefined, data }
    if (typeof url === 'string' && isUrl(url)) return { url, data: undefined }
    if (typeof url === 'string' && url !== '') return { url: undefined, data: url }
    if (typeof part['file_id'] === 'string') throw unsupported(param, `\`file_id\` is not supported: send the ${kind} itself.`)
    throw refused(kind, param, 'it has no content.')
  }

  #checkedImage(uri: string, param: string): string {
    const { images } = this.#config
    const image = checkImage(uri, images)
    if (!image) throw refused('image', param, `it must be a base64 data: URI of at most ${images.maxBytes} bytes and of an allowed type.`)
    this.#count(image.bytes, 'image', param)
    return image.url
  }

  #checkedFile(uri: string, param: string): string {
    const { files } = this.#config
    const data = parseDataUri(uri)
    if (data?.type === undefined) throw refused('file', param, 'it must be a base64 data: URI with a media type.')
    if (data.bytes > files.maxBytes) throw refused('file', param, `it is larger than ${files.maxBytes} bytes.`)
    if (!allowsType('file', files, data.type) || (data.type === 'application/pdf' && !isPdf(data)))
      throw refused('file', param, 'its type is not allowed.')
    this.#count(data.bytes, 'file', param)
    return uri
  }

  #count(bytes: number, kind: MediaKind, param: string) {
    this.#bytes += bytes
    if (this.#bytes > bodyLimit(this.#config)) throw refused(kind, param, 'the images and files of the request are too large together.')
  }

  #later(download: Download) {
    const { maxUrlParts, images, files } = this.#config
    const { kind, param } = download
    if (!(kind === 'image' ? images : files).allowUrl) throw refused(kind, param, 'URLs are not fetched here.')
    if (this.#downloads.push(download) > maxUrlParts) throw refused(kind, param, `a request may have at most ${maxUrlParts} URLs.`)
  }

  /** Parts wait for what their URLs hold. */
  get pending(): boolean {
    return this.#downloads.length > 0
  }

  /** Fetch the URLs, all at once. The first failure counts. Errors: `invalid_value`, those of `Egress`, the reason of the abort. */
  async settle(cancellation: Cancellation): Promise<void> {
    await Promise.all(this.#downloads.map((download) => this.#fetch(download, cancellation)))
  }

  async #fetch({ url, kind, param, take }: Download, cancellation: Cancellation) {
    const { images, files } = this.#config
    try {
      take(
        await (kind === 'image' ? fetchImage(this.#egress, url, images, cancellation) : fetchFile(this.#egress, url, files, cancellation)),
      )
    } catch (error) {
      throw isEgressFault(error) ? refused(kind, param, error.message) : error
    }
  }
}

const refused = (kind: MediaKind, param: string, reason: string) => invalid(param, `Invalid ${kind} content in \`input\`: ${reason}`)
