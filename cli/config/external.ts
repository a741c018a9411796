import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GatewayError, messageOf, type Plugin } from 'openclaw/plugin'
import { expandHome } from '../paths.js'

/** A third-party plugin that the configuration names, before any of its code runs. */
export interface ExternalPlugin {
  /** Guessed from the path until it is loaded, then its own. */
  readonly name: string
  readonly source: string
  readonly load: () => Promise<Plugin>
}

const importMs = 10_000

/** What `plugins.load.paths` and `plugins.installs` name. Nothing else is looked at. */
export function externalPlugins(
  plugins: { load?: { paths?: unknown }; installs?: unknown } | undefined,
  { config, home }: { config: string; home: string },
): ExternalPlugin[] {
  const paths = Array.isArray(plugins?.load?.paths) ? plugins.load.paths : []
  const installs = typeof plugins?.installs === 'object' && plugins.installs !== null ? plugins.installs : {}
  const named: (readonly [name: string | undefined, path: unknown])[] = [
    ...Object.entries(installs).map(([id, install]) => [id, (install as { installPath?: unknown })?.installPath] as const),
    ...paths.map((path: unknown) => [undefined, path] as const),
  ]
  return named.flatMap(([id, path]) => {
    if (typeof path !== 'string' || path === '') return []
    const source = resolve(dirname(config), expandHome(path, home))
    return [{ name: id ?? nameFrom(source), source, load: () => loadPlugin(source) }]
  })
}

/** `/x/openclaw-plugin-irc` and `/x/irc.mjs` are `irc`; `/x/irc/index.js` too. */
function nameFrom(path: string): string {
  const file = basename(path).replace(/\.[cm]?[jt]s$/, '')
  return (file === 'index' ? basename(dirname(path)) : file).replace(/^openclaw-plugin-/, '')
}

async function loadPlugin(source: string): Promise<Plugin> {
  const entry = await findEntry(source)
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not load within ${importMs / 1_000} s`)), importMs)
    timer.unref()
  })
  const loaded = (await Promise.race([import(pathToFileURL(entry).href), late]).catch((error) => {
    const typescript = (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const reason = typescript ? 'this Node.js does not run TypeScript; use Node.js 22.18 or newer, or build it' : messageOf(error)
    throw new GatewayError('plugin_load', `could not load ${entry}: ${reason}`, { cause: error })
  })) as { default?: unknown; plugin?: unknown }
  const plugin = (loaded.default ?? loaded.plugin) as Partial<Plugin> | undefined
  if (typeof plugin?.apply !== 'function' || typeof plugin.name !== 'string')
    throw new GatewayError('plugin_load', `${entry} has no plugin as its default export (see definePlugin).`)
  return plugin as Plugin
}

/** A file is its own entry; a folder's is what its package.json names, and lies inside it. */
async function findEntry(source: string): Promise<string> {
  const stats = await stat(source).catch(() => {
    throw new GatewayError('plugin_load', `plugin path not found: ${source}`)
  })
  if (!stats.isDirectory()) return source
  const text = await readFile(join(source, 'package.json'), 'utf8').catch(() => '{}')
  const entry = resolve(source, entryOf(text) ?? 'index.js')
  const inside = relative(source, entry)
  if (inside.startsWith('..') || isAbsolute(inside))
    throw new GatewayError('plugin_load', `the entry of ${source} lies outside of it: ${entry}`)
  return entry
}

function entryOf(packageJson: string): string | undefined {
  try {
    const { exports, main } = JSON.parse(packageJson) as { exports?: unknown; main?: unknown }
    let target: unknown = exports
    if (typeof target === 'object' && target !== null && '.' in target) target = target['.']
    while (typeof target === 'object' && target !== null) target = (target as any).import ?? (target as any).default
    return typeof target === 'string' ? target : typeof main === 'string' ? main : undefined
  } catch {
    return undefined
  }
}
