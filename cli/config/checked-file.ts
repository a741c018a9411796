import type { LoadedFile } from 'openclaw/config'
import type { LoadedConfig } from '../../plugins/contracts/offline.js'
import type { Env, Paths } from '../paths.js'
import { checkKernel, checkPlugins, locate } from './check.js'
import { type Composed, composeDocument } from './document.js'
import { pathsWith } from './document-schema.js'
import { configVariables } from './environment.js'
import { isRecord, valueAt, withValue } from './sections.js'
import { type Selection, selectPlugins } from './select.js'

/** A configuration file, its sections and what is wrong with them. */
export interface CheckedFile {
  readonly config: LoadedConfig
  readonly composed: Composed
  readonly selection: Selection
  /** The environment with what the file itself sets. */
  readonly env: Env
}

/**
 * Check a file that was read, with every plugin that it lets run; `only` as in `--plugins`. Never throws for what the file
 * says: that is an issue.
 */
export async function checkFile(file: LoadedFile, env: Env, paths: Paths, only?: readonly string[]): Promise<CheckedFile> {
  const selection = await selectPlugins(file.document, paths, only)
  const composed = composeDocument(file.document, selection)
  const kernel = await checkKernel(composed)
  const plugins = await checkPlugins(composed)
  const issues = file.issues.length > 0 ? file.issues : [...kernel.issues, ...plugins.issues].map((issue) => locate(issue, file))
  const broken = composed.broken.map(({ name, reason }) => ({ path: `plugins.entries.${name}`, message: `plugin ${name}: ${reason}` }))
  const config: LoadedConfig = {
    path: paths.config,
    exists: file.exists,
    document: file.document,
    effective: withDefaults(composed, [...kernel.values, ...plugins.values]),
    issues: issues.map(withAllowed),
    warnings: [...file.warnings, ...composed.warnings, ...broken],
    schema: composed.schema,
    secrets: [...pathsWith(composed.schema, (node) => node['x-secret'] === true), ...unknownSections(file.document, selection)],
  }
  return { config, composed, selection, env: configVariables(env)(file.document) as Env }
}

/** Settings of plugins that are not loaded: which of them are secrets nobody knows. */
function unknownSections(document: Readonly<Record<string, any>>, { chosen }: Selection): string[] {
  const entries = valueAt(document, 'plugins.entries')
  const names = Object.keys(isRecord(entries) ? entries : {}).filter((name) => !chosen.some(({ plugin }) => plugin.name === name))
  return names.map((name) => `plugins.entries.${name}.config`)
}

/** Each plugin's checked section put back to where it was cut out. Sections that share a record are merged. */
function withDefaults({ document }: Composed, values: readonly { path: string; value: unknown }[]): Record<string, any> {
  const place = (path: string) => path.split('.')
  return [...values]
    .filter(({ value }) => Object.keys((value ?? {}) as object).length > 0)
    .sort((a, b) => place(a.path).length - place(b.path).length)
    .reduce<Record<string, any>>((now, { path, value }) => merge(now, place(path), value as Record<string, unknown>), document)
}

/** Deeper sections stay where their parent's section is put. */
function merge(document: Record<string, any>, path: string[], value: Record<string, unknown>): Record<string, any> {
  let present: any = document
  for (const key of path) present = present?.[key]
  return withValue(document, path, typeof present === 'object' && present !== null ? { ...present, ...value } : value)
}

/** The values an enumeration allows, for those who want them as data. */
function withAllowed<T extends { message: string }>(issue: T): T & { allowedValues?: unknown[] } {
  const [, list] = /\(allowed: (.*)\)$/.exec(issue.message) ?? []
  try {
    return list === undefined ? issue : { ...issue, allowedValues: JSON.parse(`[${list}]`) as unknown[] }
  } catch {
    return issue
  }
}
