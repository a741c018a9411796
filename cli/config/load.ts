import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import type { Loader, Options, PublicExplorer } from 'cosmiconfig'
// The public `cosmiconfig()` reads package.json and runs .config/config.js of the current directory before it does
// anything else. The class behind it takes its settings as values and touches only the file it is given.
import * as internals from 'cosmiconfig/dist/Explorer.js'
import { type Issue, messageOf } from '../../core/errors.js'
import { evaluate, lineOf, parseJson5, type Parsed, type Tree } from './locate.js'

const { Explorer } = internals as unknown as {
  Explorer: new (settings: Options & { moduleName: string; metaConfigFilePath: null }) => Pick<PublicExplorer, 'load'>
}

export type Variables = Readonly<Record<string, string | undefined>>

export interface LoadedFile {
  readonly path: string
  readonly exists: boolean
  readonly text: string
  /** SHA-256 of the text, in hex. */
  readonly hash: string
  /** Undefined when the text could not be parsed, or is a module's. */
  readonly tree: Tree | undefined
  /** As written; empty when there are issues. */
  readonly written: Readonly<Record<string, any>>
  /** The same after substitution. */
  readonly document: Readonly<Record<string, any>>
  readonly issues: readonly Issue[]
  readonly warnings: readonly Issue[]
}

/**
 * Read a configuration file: JSON5, or a module (.js, .mjs, .ts) whose default export is the configuration. Never throws:
 * what is wrong is an issue with its line. `variables` are what `${NAME}` stands for; given as a function, it is asked
 * once the file is parsed, so that the file can define some.
 */
export async function loadConfig(
  path: string,
  variables: Variables | ((document: Readonly<Record<string, any>>) => Variables) = {},
): Promise<LoadedFile> {
  const read = await readFile(path)
  const { text = '', tree, issue } = read
  const at = (where: string, message: string, line?: number): Issue => ({
    path: where,
    message,
    file: path,
    ...(line !== undefined && !read.module && { line }),
  })
  const issues = issue ? [at('', issue.message, issue.line)] : []
  const warnings: Issue[] = []
  const value = tree ? evaluate(tree.body, (where, message, line) => issues.push(at(where, message, line))) : {}
  if (!isRecord(value)) issues.push(at('', 'Invalid input: expected object'))
  const written = issues.length === 0 ? (value as Record<string, any>) : {}
  const values = typeof variables === 'function' ? variables(written) : variables
  const document = substitute(written, values, '', (where, name) =>
    warnings.push(at(where, missingText(name), tree && lineOf(tree, where))),
  ) as Record<string, any>
  const hash = createHash('sha256').update(text).digest('hex')
  return { path, exists: !read.missing, text, hash, tree: read.module ? undefined : tree, written, document, issues, warnings }
}

type Read = Parsed & { module?: boolean; missing?: boolean }

async function readFile(path: string): Promise<Read> {
  const loaders: Record<string, Loader> = { default: (_path, text) => parseJson5(text), '.yaml': yaml, '.yml': yaml }
  for (const extension of ['.js', '.mjs', '.ts', '.mts']) loaders[extension] = importModule
  const settings = {
    moduleName: 'openclaw',
    searchPlaces: [],
    metaConfigFilePath: null,
    searchStrategy: 'none' as const,
  }
  const off = { cache: false, ignoreEmptySearchPlaces: false, mergeImportArrays: false, mergeSearchPlaces: false }
  const explorer = new Explorer({ ...settings, ...off, loaders, transform: (result) => result })
  try {
    const result = await explorer.load(path)
    return (result?.config as Read | undefined) ?? parseJson5('')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { missing: true }
    const reason = { EACCES: 'permission denied', EISDIR: 'it is a directory, not a file' }[code ?? ''] ?? messageOf(error)
    return { issue: { message: `Failed to read config at ${path}: ${reason}` } }
  }
}

const yaml = (): Read => ({
  issue: { message: 'YAML is not supported: write the configuration as JSON5 (openclaw.json).' },
})

/** A changing query makes the loader read an edited module again. What it exports passes through JSON, as text would. */
async function importModule(path: string, text: string): Promise<Read> {
  try {
    const { href } = pathToFileURL(path)
    const loaded = (await import(`${href}?version=${createHash('sha256').update(text).digest('hex')}`)) as {
      default?: unknown
    }
    return { ...parseJson5(JSON.stringify(loaded.default) ?? ''), text, module: true }
  } catch (error) {
    const unknown = (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const remedy = unknown ? 'this Node.js does not run TypeScript; use Node.js 22.18 or newer, or a .mjs file' : messageOf(error)
    return { issue: { message: `Failed to read config at ${path}: ${remedy}` } }
  }
}

const missingText = (name: string) => `Missing env var "${name}" — feature using this value will be unavailable`
const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const reference = /(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g

/** Replace `${NAME}`; `$${NAME}` is the literal text. An unset or empty variable leaves the text, so that it counts as missing. */
function substitute(value: unknown, variables: Variables, path: string, missing: (path: string, name: string) => void): unknown {
  if (typeof value === 'string')
    return value.replace(reference, (text, escaped: string, name: string) => {
      if (escaped) return text.slice(1)
      if (!variables[name]) missing(path, name)
      return variables[name] || text
    })
  if (typeof value !== 'object' || value === null) return value
  const child = (key: string | number, item: unknown) => substitute(item, variables, path === '' ? `${key}` : `${path}.${key}`, missing)
  if (Array.isArray(value)) return value.map((item, index) => child(index, item))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, child(key, item)]))
}
