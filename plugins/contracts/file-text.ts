import { type DataUri, firstBytes } from './data-uri.js'

/** Media types that become text for the model. */
export const textTypes: readonly string[] = ['text/plain', 'text/markdown', 'text/html', 'text/csv', 'application/json']

export const isPdf = (data: DataUri): boolean => data.type === 'application/pdf' && firstBytes(data, 5).toString('latin1') === '%PDF-'

/** The text of a file, as a block that says which file it is. `maxChars` are kept of it. */
export const fileBlock = (name: string | undefined, data: DataUri, maxChars: number): string => block(name, decode(data, maxChars))

/** Text in the charset it names, else UTF-8; cut to the limit, but not inside a code point. */
function decode(data: DataUri, maxChars: number): string {
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
