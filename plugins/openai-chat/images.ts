import { type Body, invalid, isObject } from '../contracts/fields.js'
import { checkImage } from '../contracts/image-limits.js'
import type { ChatMessage, ContentPart } from '../contracts/models.js'
import type { Config } from './schema.js'

type ImagePart = Extract<ContentPart, { type: 'image_url' }>
type Limits = Pick<Config, 'images' | 'maxImageParts' | 'maxTotalImageBytes'>

const refused = (param: string) => invalid(param, 'Invalid image_url content in `messages`.')
const omitted: ContentPart = { type: 'text', text: '[image left out: the conversation has too many]' }

/** The images of one request: checked as they are met, then cut to the limits. */
export class Images {
  readonly #limits: Limits
  readonly #found: { part: ImagePart; bytes: number }[] = []

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
    this.#found.push({ part: image, bytes: checked.bytes })
    return image
  }

  #checkData(url: string, param: string) {
    const data = checkImage(url, this.#limits.images)
    if (!data) throw refused(param)
    return data
  }

  #checkRemote(url: string, param: string) {
    const { allowUrl, urlAllowlist } = this.#limits.images
    const parsed = allowUrl && URL.canParse(url) ? new URL(url) : undefined
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) throw refused(param)
    if (urlAllowlist.length > 0 && !urlAllowlist.some((entry) => hostMatches(parsed.hostname, entry))) throw refused(param)
    return { url, bytes: 0 }
  }

  /** Leave out the oldest images until the rest fits. Those of the message `last`, the current turn, have to fit. */
  trim(messages: ChatMessage[], last: number) {
    const current = new Set<ContentPart>(partsOf(messages[last]))
    const dropped = new Set<ContentPart>()
    let count = 0
    let bytes = 0
    for (const image of this.#found.reverse()) {
      count++
      bytes += image.bytes
      if (count <= this.#limits.maxImageParts && bytes <= this.#limits.maxTotalImageBytes) continue
      if (current.has(image.part)) throw refused('messages')
      dropped.add(image.part)
    }
    if (dropped.size === 0) return
    for (const message of messages) {
      if (message.role !== 'user' || !Array.isArray(message.content)) continue
      const kept = message.content.filter((part) => !dropped.has(part))
      message.content = kept.length > 0 ? kept : [omitted]
    }
  }
}

const partsOf = (message: ChatMessage | undefined) => (message?.role === 'user' && Array.isArray(message.content) ? message.content : [])

/** `*.example.com` stands for every name below example.com, not for example.com. */
function hostMatches(host: string, entry: string): boolean {
  const wanted = entry.toLowerCase()
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1 : host === wanted
}
