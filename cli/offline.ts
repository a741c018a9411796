import { loadConfig } from 'openclaw/config'
import type { KnownPlugin, LoadedConfig, Offline } from '../plugins/contracts/offline.js'
import { checkKernel, checkPlugins, locate } from './config/check.js'
import { type Composed, composeDocument } from './config/document.js'
import { pathsWith, sectionPath } from './config/document-schema.js'
import { configVariables, readEnvironment } from './config/environment.js'
import type { Output } from './output.js'
import type { Env, Paths } from './paths.js'
import { requestGateway } from './request.js'
import { withValue } from './config/sections.js'
import { type Selection, selectPlugins } from './config/select.js'

interface Read {
  readonly config: LoadedConfig
  readonly composed: Composed
  readonly selection: Selection
  readonly env: Env
}

/** What commands work with. The configuration is read once, when the first of them asks for it. */
export function createOffline({ env, paths, version, out }: { env: Env; paths: Paths; version: string; out: Output }): Offline {
  let reading: Promise<Read> | undefined
  const read = () => (reading ??= readAll(env, paths))
  return {
    version,
    paths,
    out,
    config: async () => (await read()).config,
    plugins: async () => listPlugins((await read()).selection),
    async request(path, timeoutMs = 10_000) {
      const { composed, env: variables } = await read()
      const secrets = { env: variables, home: paths.home, secrets: composed.own.secrets }
      return requestGateway(path, { gateway: composed.gateway, secrets, paths, timeoutMs })
    },
  }
}

async function readAll(processEnv: Env, paths: Paths): Promise<Read> {
  const env = await readEnvironment(processEnv, paths.state)
  const file = await loadConfig(paths.config, configVariables(env))
  const selection = await selectPlugins(file.document, paths)
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
    secrets: pathsWith(composed.schema, (node) => node['x-secret'] === true),
  }
  return { config, composed, selection, env: configVariables(env)(file.document) as Env }
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

const listPlugins = ({ chosen, off }: Selection): KnownPlugin[] => [
  ...chosen.map(({ plugin, origin, section, source }) => ({
    name: plugin.name,
    origin,
    enabled: true,
    section: sectionPath(section),
    source,
  })),
  ...off.map(({ name, origin, section, source, reason }) => ({
    name,
    origin,
    enabled: false,
    reason,
    section: sectionPath(section),
    source,
  })),
]
