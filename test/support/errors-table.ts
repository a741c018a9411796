/** Keeps the table of API errors in docs/http.md. Run it after a change of the vocabulary. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { GatewayError } from 'openclaw/plugin'
import { apiError } from '../../plugins/http/errors.js'
import { markdownTable } from './markdown-table.js'

export const httpPage = fileURLToPath(new URL('../../docs/http.md', import.meta.url))
const source = fileURLToPath(new URL('../../plugins/http/errors.ts', import.meta.url))

/** Codes of the vocabulary: of all words in its file, those that come out as they went in. */
function codes(): string[] {
  const words = new Set([...readFileSync(source, 'utf8').matchAll(/\b[a-z_]+\b/g)].map(([word]) => word))
  return [...words].filter((word) => apiError(new GatewayError(word, '')).body.error.code === word)
}

const marked = /<!-- errors -->\n[^]*?<!-- end -->/

/** The page with its table as it should be. */
export function renderHttpPage(text: string): string {
  const groups = new Map<string, string[]>()
  for (const code of codes()) {
    const { status, body } = apiError(new GatewayError(code, ''))
    const key = `${status} ${body.error.type}`
    groups.set(key, [...(groups.get(key) ?? []), `\`${code}\``])
  }
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, list]) => [...key.split(' '), list.join(', ')])
  return text.replace(marked, `<!-- errors -->\n\n${markdownTable(['status', 'type', 'codes'], rows)}\n\n<!-- end -->`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(httpPage, renderHttpPage(readFileSync(httpPage, 'utf8')))
