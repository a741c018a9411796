/** Keeps the tables of keys in docs/config.md. Run it after a change of a schema. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { composeSchema } from '../../cli/config/document-schema.js'
import type { Node } from '../../cli/config/node.js'
import { standard } from '../../cli/standard.js'
import { configWords } from './config-words.js'
import { markdownTable } from './markdown-table.js'

export const configPage = fileURLToPath(new URL('../../docs/config.md', import.meta.url))

/** A key with the schema of its value. */
interface Key {
  readonly path: string
  readonly nodes: readonly Node[]
  readonly reload: string
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
const branchesOf = (node: Node): Node[] => [...(node.anyOf ?? []), ...(node.oneOf ?? [])]
const isSecret = (node: Node) => node['x-secret'] === true
const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`)

/** Every key below a node that a person may write, objects before what is in them. */
function keysOf(node: Node, path: string, inherited: string): Key[] {
  const reload = String(node['x-reload'] ?? inherited)
  if (isSecret(node)) return []
  const children = new Map<string, Node[]>()
  const add = (key: string, child: unknown) => {
    if (isNode(child)) children.set(key, [...(children.get(key) ?? []), child])
  }
  for (const branch of [node, ...branchesOf(node)]) {
    for (const [key, child] of Object.entries(branch.properties ?? {})) add(join(path, key), child)
    add(join(path, '*'), branch.additionalProperties)
    if (isNode(branch.items) && (branch.items.properties || branch.items.anyOf)) add(`${path}[]`, branch.items)
  }
  return [...children].flatMap(([at, nodes]) => {
    const [first] = nodes as [Node]
    return [{ path: at, nodes, reload: String(first['x-reload'] ?? reload) }, ...nodes.flatMap((each) => keysOf(each, at, reload))]
  })
}

const code = (value: unknown) => `\`${JSON.stringify(value)}\``

/** What may stand there, in words. */
function valuesOf(nodes: readonly Node[]): string {
  const words = nodes.flatMap((node): string[] => {
    if (isSecret(node)) return [String(node.type) === 'string' ? 'text, secret' : 'secret']
    if ('const' in node) return [code(node['const'])]
    if (Array.isArray(node['enum'])) return node['enum'].map(code)
    const branches = branchesOf(node)
    if (branches.length > 0) return branches.map((branch) => valuesOf([branch]))
    if (node.type === 'integer' || node.type === 'number') return [`${node.type} ${spanOf(node)}`.trim()]
    if (node.type === 'array') return [`list of ${isNode(node.items) && !node.items.properties ? valuesOf([node.items]) : 'objects'}`]
    return [node.type === 'string' ? 'text' : String(node.type ?? 'any')]
  })
  return [...new Set(words)].join(', ')
}

function spanOf({ minimum, maximum }: Node): string {
  if (minimum === undefined && maximum === undefined) return ''
  if (maximum === undefined) return `≥ ${minimum}`
  return `${minimum ?? ''} … ${maximum}`
}

/** Objects that only hold other keys need no line of their own. */
const isHolder = ({ path, nodes }: Key, all: readonly Key[]) =>
  !nodes.some((node) => 'x-help' in node || branchesOf(node).some((branch) => branch.type === 'string')) &&
  configWords[path] === undefined &&
  all.some((other) => other.path !== path && (other.path.startsWith(`${path}.`) || other.path.startsWith(`${path}[`)))

/** `plugins.entries.<name>` says it for all of them. */
const isEntryOfBundled = ({ path }: Key) => /^plugins\.entries\.(?!\*)/.test(path)

const shown = (path: string) => `\`${path.replace(/(^|\.)\*/g, '$1<name>')}\``

function rowOf({ path, nodes, reload }: Key, section: string): string[] {
  const own = configWords[path]
  const help = nodes.map((node) => node['x-help']).find((text) => typeof text === 'string')
  const value = nodes.map((node) => node['default']).find((each) => each !== undefined)
  const fallback = value === undefined || isEmptyObject(value) ? (own?.default ?? '–') : code(value)
  const meaning = own?.meaning ?? help
  if (typeof meaning !== 'string') throw new Error(`${path} has no x-help, and test/support/config-words.ts does not say what it is`)
  return [shown(path.slice(section.length + 1)), valuesOf(nodes), fallback, own?.reload ?? reload, meaning]
}

const isEmptyObject = (value: unknown) => isNode(value) && Object.keys(value).length === 0

async function allKeys(): Promise<Key[]> {
  const plugins = await Promise.all(
    standard.map(async ({ name, section, load }) => ({ name, section, schema: (await load()).default.schema })),
  )
  const { $schema: _, ...properties } = composeSchema(plugins).properties ?? {}
  return keysOf({ properties }, '', 'plugin')
}

const marked = /<!-- keys of ([^ ]+) -->\n[^]*?<!-- end -->/g

/** The page with its tables as they should be; `missing` are keys that no table of it shows. */
export async function renderConfigPage(text: string): Promise<{ page: string; missing: string[] }> {
  const keys = await allKeys()
  const sections = [...text.matchAll(marked)].map((match) => match[1] as string)
  /** The deepest section around a key is the one that shows it. */
  const home = (path: string) =>
    sections
      .filter((section) => path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[`))
      .sort((a, b) => b.length - a.length)[0]
  const listed = keys.filter((key) => !isHolder(key, keys) && !isEntryOfBundled(key))
  const page = text.replace(marked, (_, section: string) => {
    const rows = listed.filter(({ path }) => home(path) === section && path !== section).map((key) => rowOf(key, section))
    return `<!-- keys of ${section} -->\n\n${markdownTable(['key', 'value', 'default', 'reload', 'meaning'], rows)}\n\n<!-- end -->`
  })
  const missing = listed.filter(({ path }) => home(path) === undefined).map(({ path }) => path)
  const stale = Object.keys(configWords).filter((path) => !keys.some((key) => key.path === path))
  return { page, missing: [...missing, ...stale.map((path) => `${path} (test/support/config-words.ts)`)] }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { page } = await renderConfigPage(readFileSync(configPage, 'utf8'))
  writeFileSync(configPage, page)
}
