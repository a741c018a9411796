import type { ContentPart } from '../contracts/models.js'
import { type DataUri, firstBytes, parseDataUri } from './data-uri.js'
import { type Body, invalid, isObject, unsupported } from './fields.js'

const maxBytes = 5_242_880
const maxChars = 200_000
const maxParts = 8
const textTypes = ['text/plain', 'text/markdown', 'text/html', 'text/csv', 'application/json']

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
    if (textTypes.includes(data.type ?? '')) return { type: 'text', text: block(name, decode(data)) }
    if (data.type !== 'application/pdf' || firstBytes(data, 5).toString('latin1') !== '%PDF-') throw refused(param)
    return { type: 'file', file: { ...(name !== undefined && { filename: name }), file_data: uri as string } }
  }
}

/** Text in the charset it names, else UTF-8; cut to the limit, but not inside a code point. */
function decode(data: DataUri): string {
  const text = decoderFor(data.charset).decode(Buffer.from(data.base64, 'base64'))
  const last = text.charCodeAt(maxChars - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 1 : maxChars)
}

function decoderFor(charset = 'utf-8') {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/** Escaped, so that no file can end its own block and pose as something else. */
const block = (name: string | undefined, text: string) => `<file name="${escape(name ?? 'file')}">\n${escape(text)}\n</file>`
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string) => text.replace(/[&<>"]/g, (char) => entities[char] as string)
