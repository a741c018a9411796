/** Writes docs/compatibility.md from the titles of the tests below test/compatibility. Run it when one is added. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { markdownTable } from './markdown-table.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const compatibilityPage = join(root, 'docs/compatibility.md')

/** Columns: packages whose code runs, with what else is part of them, and programs whose requests are recorded. */
const packages: Record<string, readonly string[]> = {
  openai: [],
  '@ai-sdk/openai': ['ai'],
  '@ai-sdk/openai-compatible': ['ai'],
  '@langchain/openai': ['@langchain/core'],
  '@llamaindex/openai': ['@llamaindex/core'],
}
const programs = ['Open WebUI', 'LobeChat', 'LibreChat', 'Continue', 'n8n']

/** Rows, in this order; a title with another feature is an error. */
const features = [
  'list models',
  'retrieve a model',
  'chat',
  'chat, streamed, with usage',
  'chat, tools',
  'chat, parallel tools',
  'chat, structured output',
  'embeddings',
  'embeddings as numbers',
  'responses',
  'responses, streamed',
  'responses, tools',
  'responses, structured output',
  'wrong key',
  'unknown model',
  'abort',
  'optional paths are answered as missing',
]

/** What is tested, as `client: feature`. */
function titles(): Set<string> {
  const folder = join(root, 'test/compatibility')
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const found = texts.flatMap((text) => [...text.matchAll(/^ {2}test\('([^':]+: [^']+)'/gm)].map(([, title = '']) => title))
  const known = new Set([...Object.keys(packages), ...programs].flatMap((client) => features.map((feature) => `${client}: ${feature}`)))
  const strange = found.filter((title) => !known.has(title))
  if (strange.length > 0) throw new Error(`Not in the lists of test/support/compatibility-page.ts: ${strange.join('; ')}`)
  return new Set(found)
}

const versionOf = (name: string): string => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version

function table(clients: readonly string[], tested: ReadonlySet<string>, heads: readonly string[], yes: string): string {
  const rows = features.map((feature) => [feature, ...clients.map((client) => (tested.has(`${client}: ${feature}`) ? yes : '–'))])
  return markdownTable(
    ['', ...heads],
    rows.filter((row) => row.includes(yes)),
  )
}

/** The page as it should be. */
export function renderCompatibilityPage(): string {
  const tested = titles()
  const clients = Object.keys(packages)
  const versions = clients.map((client) => [client, ...(packages[client] ?? [])].map((name) => `\`${name}\` ${versionOf(name)}`))
  return `# Compatibility

What clients of the OpenAI API do with the gateway. Each cell that is not a dash is a test; how to set a client up is in
[connecting clients](clients.md).

## Packages

These run as they are, in these versions, against a gateway with a provider that checks every body by the vendor's types. A dash: the
package does not offer it.

${markdownTable(
  ['client', 'with'],
  versions.map(([client = '', ...others]) => [client, others.join(', ')]),
)}

${table(
  clients,
  tested,
  clients.map((client) => `\`${client}\``),
  'works',
)}

- "retrieve a model" has a slash in the name, sent as \`%2F\`.
- "embeddings" asks as the package does by itself, mostly for base64; "as numbers" asks for floats or says nothing.
- \`@llamaindex/openai\` cannot abort: it takes no signal, and leaving its stream does not close the request. Its stream of a response
  repeats the last piece of text with each event that brings none; take the pieces whose \`raw.type\` is \`response.output_text.delta\`.

## Programs

These were not run. Requests with the fields and headers that they send are sent, and the answers are checked for what they need. A
dash: not recorded.

${table(programs, tested, programs, 'answered')}
`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(compatibilityPage, renderCompatibilityPage())
