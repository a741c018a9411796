import { GatewayError } from './errors.js'

/** One line of a table, and whose it is. */
export interface Row<T> {
  readonly key: string
  readonly plugin: string
  readonly value: T
  readonly owner: Owner
}

/** What the owner of a table may do about the plugin behind a row. */
export interface Owner {
  /** `waiting`: not started yet; `down`: failed, stopped or quarantined. */
  standing(): 'up' | 'waiting' | 'down'
  /** Blame the plugin for what it threw in `where`. */
  fault(where: string, thrown: unknown): void
  /** Keep the plugin, and what it uses, alive for a piece of work; `abort` ends it at the drain deadline. Answers the release. */
  hold(abort: (reason: GatewayError) => void): () => void
}

/**
 * A table that plugins fill through a `SyncHook`, once per generation. `W` is what contributors see: it turns their call
 * into `add(key, row)`. The plugin that owns the surface reads the finished table with `kernel.table(surface)`.
 */
export interface Surface<T, W> {
  readonly id: string
  readonly writer: (add: (key: string, row: T) => void, plugin: string) => W
}
export type Table = Map<string, Row<any>>

export const defineSurface = <T, W = { add(key: string, row: T): void }>(
  id: string,
  writer: (add: (key: string, row: T) => void, plugin: string) => W = (add) => ({ add }) as W,
): Surface<T, W> => ({ id, writer })

/** Add a row; two rows with one key are refused and both owners named. */
export function addRow(table: Table, surface: string, row: Row<unknown>) {
  const { key, plugin } = row
  const taken = table.get(key)?.plugin
  if (taken !== undefined) {
    const message = `${surface} already has "${key}" from plugin "${taken}"; plugin "${plugin}" adds it again. Disable one of the two.`
    throw new GatewayError('duplicate_row', message, { plugin, hook: surface })
  }
  table.set(key, row)
}

interface Rows<T> {
  add(row: T): void
}
/** Offline surfaces: filled without calling any `apply`, so that commands and checks work when the gateway does not run. */
export interface OfflineManifest {
  commands?(commands: Rows<CommandRow>): void
  checks?(checks: Rows<CheckRow>): void
  installers?(installers: Rows<InstallerRow>): void
}
export interface CommandRow {
  /** Words of the command with placeholders, as in `plugins inspect <id>`. */
  readonly name: string
  readonly summary: string
  /** Flags as in `--json`, `--timeout <ms>`. */
  readonly options?: readonly (readonly [flag: string, help: string, defaultValue?: unknown])[]
  /** Loads the work: `run` gets the arguments in order, then the options, and answers the exit code. */
  readonly load: () => Promise<{ run(context: Offline, args: string[], options: Record<string, any>): Promise<number> }>
}
export interface CheckRow {
  readonly id: string
  readonly summary: string
  readonly load: () => Promise<{ run(context: Offline): Promise<readonly { level: 'ok' | 'warn' | 'error'; message: string }[]> }>
}
export interface InstallerRow {
  readonly id: string
  readonly load: () => Promise<unknown>
}

/** What a command or check gets: texts and paths, no gateway. Filled by the CLI. */
export interface Offline {
  readonly version: string
  readonly paths: { readonly state: string; readonly config: string; readonly home: string }
  readonly out: {
    print(text: string): void
    error(text: string): void
    json(value: unknown): void
    table(head: string[], rows: string[][]): void
  }
  /** A request to the running gateway of this configuration, with its credentials. Throws when it is not reachable. */
  request(path: string, timeoutMs?: number): Promise<{ status: number; body: any }>
  /** Read and check the configuration file, with every known plugin. */
  config(): Promise<LoadedConfig>
  /** Every plugin the CLI knows: bundled and configured. */
  plugins(): Promise<readonly KnownPlugin[]>
}
export interface KnownPlugin {
  name: string
  origin: 'bundled' | 'external'
  enabled: boolean
  reason?: string
  section: string
  source: string
}
export interface LoadedConfig {
  readonly path: string
  readonly exists: boolean
  /** As written, after substitution and before defaults. */
  readonly document: Record<string, any>
  /** With the defaults of every plugin's schema. */
  readonly effective: Record<string, any>
  readonly issues: readonly { path: string; message: string; file?: string; line?: number; allowedValues?: readonly unknown[] }[]
  readonly warnings: readonly { path: string; message: string }[]
  /** JSON Schema of the whole document, composed from every plugin's own. */
  readonly schema: Record<string, unknown>
  /** Dotted paths whose values are secrets. `*` stands for any key. */
  readonly secrets: readonly string[]
}
