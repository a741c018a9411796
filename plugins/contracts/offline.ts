interface Rows<T> {
  add(row: T): void
}
/**
 * What `plugins/<id>/manifest.ts` exports as `manifest`: offline surfaces, filled without calling any `apply`, so that
 * commands and checks work when the gateway does not run.
 */
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
