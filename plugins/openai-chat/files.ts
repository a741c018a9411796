import { parseDataUri } from '../contracts/data-uri.js'
import { type Body, invalid, isObject, unsupported } from '../contracts/fields.js'
import { fileBlock, isPdf, textTypes } from '../contracts/file-text.js'
import type { ContentPart } from '../contracts/models.js'

const maxBytes = 5_242_880
const maxChars = 200_000
const maxParts = 8

const refused = (param: string) => invalid(param, 'Invalid file content in `messages`.')

/** The files of one request. */
export class Files {
  #count = 0

  /** A part `file`. Text becomes a text part, which every backend reads; PDF goes on as it is. */
  parse(part: Body, param: string): ContentPart {
    const { file } = part
    if (!isObject(file)) throw refused(param)
    if (typeof file['file_id'] === 'string') throw unsupported(param, '`file_id` is not supported: send `file_data`.')
    const uri = file['file_data']
    const data = typeof uri === 'string' ? parseDataUri(uri) : undefined
    if (!data || data.bytes > maxBytes || ++this.#count > maxParts) throw refused(param)
    const name = typeof file['filename'] === 'string' ? file['filename'].slice(0, 256) : undefined
    if (textTypes.includes(data.type ?? '')) return { type: 'text', text: fileBlock(name, data, maxChars) }
    if (!isPdf(data)) throw refused(param)
    return { type: 'file', file: { ...(name !== undefined && { filename: name }), file_data: uri as string } }
  }
}
