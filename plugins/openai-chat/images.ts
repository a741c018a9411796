import type { Cancellation } from '../contracts/cancellation.js'
import { type Egress, isEgressFault } from '../contracts/egress.js'
import { type Body, invalid, isObject } from '../contracts/fields.js'
import { checkImage } from '../contracts/inline-image.js'
import type { ChatMessage, ContentPart } from '../contracts/models.js'
import { fetchImage } from '../contracts/remote-media.js'
import type { Config } from './schema.js'

type ImagePart = Extract<ContentPart, { type: 'image_url' }>
type Limits = Pick<Config, 'images' | 'maxImageParts' | 'maxTotalImageBytes'>

const refused = (param: string) => invalid(param, 'Invalid image_url content in `messages`.')
const omitted: ContentPart = { type: 'text', text: '[image left out: the conversation has too many]' }

/** An image, and where it stands in the request for an error that is about it. */
interface Found {
  readonly part: ImagePart
  bytes: number
  readonly param: string
}

/** The images of one request: checked as they are met, cut to the limits, then fetched where they are elsewhere. */
export class Images {
  readonly #limits: Limits
  #found: Found[] = []
  /** Fits the images of the messages that were parsed. */
  #fit: () => void = () => undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** A part `image_url` or `input_image`, with the URL as a string or in an object. */
  parse(part: Body, param: string): ImagePart {
    const holder = isObject(part['image_url']) ? part['image_url'] : { url: part['image_url'], detail: part['detail'] }
    const { url, detail } = holder
    if (typeof url !== 'string' || url === '') throw refused(param)
    const checked = /^data:/i.test(url) ? this.#checkData(url, param) : this.#checkRemote(url, param)
    const known = detail === 'auto' || detail === 'low' || detail === 'high'
    const image: ImagePart = { type: 'image_url', image_url: { url: checked.url, ...(known && { detail }) } }
    this.#found.push({ part: image, bytes: checked.bytes, param })
    return image
  }

  #checkData(url: string, param: string) {
    const data = checkImage(url, this.#limits.images)
    if (!data) throw refused(param)
    return data
  }

  #checkRemote(url: string, param: string) {
    if (!this.#limits.images.allowUrl || !isUrl(url)) throw refused(param)
    return { url, bytes: 0 }
  }

  /** Leave out the oldest images until the rest fits. Those of the message `last`, the current turn, have to fit. */
  fit(messages: ChatMessage[], last: number) {
    this.#fit = () => this.#trim(messages, last)
    this.#fit()
  }

  #trim(messages: ChatMessage[], last: number) {
    const current = new Set<ContentPart>(partsOf(messages[last]))
    const dropped = new Set<ContentPart>()
    let count = 0
    let bytes = 0
    for (const image of this.#found.toReversed()) {
      count++
      bytes += image.bytes
      if (count <= this.#limits.maxImageParts && bytes <= this.#limits.maxTotalImageBytes) continue
      if (current.has(image.part)) throw refused('messages')
      dropped.add(image.part)
    }
    if (dropped.size === 0) return
    this.#found = this.#found.filter(({ part }) => !dropped.has(part))
    for (const message of messages) {
      if (message.role !== 'user' || !Array.isArray(message.content)) continue
      const kept = message.content.filter((part) => !dropped.has(part))
      message.content = kept.length > 0 ? kept : [omitted]
    }
  }

  /** Some of them are still on other servers. */
  get pending(): boolean {
    return this.#found.some(({ part }) => isUrl(part.image_url.url))
  }

  /** Fetch those, all at once, and fit again, as their sizes are known now. Errors: `invalid_value`, the reason of the abort. */
  async settle(egress: Egress | undefined, cancellation: Cancellation): Promise<void> {
    await Promise.all(this.#found.filter(({ part }) => isUrl(part.image_url.url)).map((image) => this.#fetch(image, egress, cancellation)))
    this.#fit()
  }

  async #fetch(image: Found, egress: Egress | undefined, cancellation: Cancellation) {
    try {
      const { mime, base64, bytes } = await fetchImage(egress, image.part.image_url.url, this.#limits.images, cancellation)
      image.part.image_url.url = `data:${mime};base64,${base64}`
      image.bytes = bytes
    } catch (error) {
      throw isEgressFault(error) ? refused(image.param) : error
    }
  }
}

const isUrl = (url: string) => /^https?:\/\//i.test(url)
const partsOf = (message: ChatMessage | undefined) => (message?.role === 'user' && Array.isArray(message.content) ? message.content : [])
