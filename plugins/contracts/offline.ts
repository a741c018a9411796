import { GatewayError, messageOf } from 'openclaw/plugin'
import type { SqlDriver, Statement } from './store.js'

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
  /** The plugin that keeps the databases: how to open one of its files while the gateway may have it open. */
  readonly databases?: () => Promise<{ openBeside(path: string, readOnly: boolean): Promise<SqlDriver> }>
}
export interface CommandRow {
  /** Words of the command with placeholders, as in `plugins inspect <id>`. */
  readonly name: string
  readonly summary: string
  /** Flags as in `--json`, `--timeout <ms>`, `-m, --message <text>`; `--scope <scope...>` may come several times. */
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

/** Flags of a command that calls the gateway, for its `options`; `context.rpc` reads them. */
export const rpcFlags = (timeoutMs: number): readonly (readonly [flag: string, help: string, defaultValue?: unknown])[] => [
  ['--url <url>', 'Gateway to call in place of the configured one, with --token or --password'],
  ['--token <token>', 'Token to present; OPENCLAW_GATEWAY_TOKEN does not show in process listings'],
  ['--password <password>', 'Password to present; OPENCLAW_GATEWAY_PASSWORD does not show in process listings'],
  ['--timeout <ms>', 'Time limit', timeoutMs],
]

/** How a command calls the gateway. */
export interface RpcSettings {
  /** What it introduces itself as. `cli` (the default) has every operator scope, `probe` and `backend` only read. */
  readonly as?: 'cli' | 'probe' | 'backend'
  /** For all of `work`, unless a call has a limit of its own. Default: what `--timeout` says, else 10 s. */
  readonly timeoutMs?: number
  /** A configured gateway in place of what flags, environment and mode say. */
  readonly at?: 'local' | 'remote'
  /**
   * `required` (the default): a URL that overrides the configured one needs a credential of its own. `optional`: it may have none.
   * `forwarded`: it gets the configured one.
   */
  readonly credentials?: 'required' | 'optional' | 'forwarded'
  /** Ends whatever waits. */
  readonly signal?: AbortSignal
}

/** A connection that the gateway has accepted. */
export interface Rpc {
  /** Of the key that this machine presents. */
  readonly deviceId: string
  /** From the first packet to the gateway's welcome. */
  readonly connectMs: number
  /** `expectFinal`: wait for the second answer of a two-stage method. */
  call<T = any>(method: string, params?: unknown, options?: { timeoutMs?: number; expectFinal?: boolean }): Promise<T>
}

/**
 * Codes of the errors that `rpc` throws, as `GatewayError`s. All but `rpc_failed`, which the gateway answered, have lines that
 * name the target. `rpc_denied` has the gateway's own code and the id of a pairing request in its details.
 */
export type RpcErrorCode = 'rpc_setup' | 'unsafe_url' | 'rpc_unreachable' | 'rpc_timeout' | 'rpc_closed' | 'rpc_denied' | 'rpc_failed'

/** Where a client would go. */
export interface Target {
  readonly url: string
  readonly source:
    | 'cli --url'
    | 'env OPENCLAW_GATEWAY_URL'
    | 'config gateway.remote.url'
    | 'missing gateway.remote.url (fallback local)'
    | 'local loopback'
  /** Lines for people: target, source, configuration file, bind mode. */
  readonly detail: string
  /** Kinds of credentials that would be presented. */
  readonly credentials: readonly ('token' | 'password')[]
  /** Where a credential is configured that cannot be presented: its reference cannot be resolved here. */
  readonly unresolved: string | undefined
}

/** The gateway of this configuration on this machine. */
export interface LocalGateway {
  /** Process that holds its lock. */
  readonly pid?: number
  readonly bindMode: string
  readonly bindHost: string
  readonly port: number
  /** Loopback, whatever it binds. */
  readonly url: string
  readonly logFile: string
}

/** Who listens on a TCP port of this machine. */
export interface PortReport {
  readonly port: number
  readonly status: 'free' | 'busy' | 'unknown'
  readonly listeners: readonly {
    readonly pid: number
    readonly ppid?: number
    readonly user: string
    readonly command: string
    readonly commandLine: string
    readonly address: string
  }[]
  readonly hints: readonly string[]
}

/** The value of a flag that has to be there, named as in `options`. Throws `usage`. */
export function requiredOption(options: Record<string, any>, flag: string): string {
  const [, name = ''] = /--([a-z]+)/.exec(flag) ?? []
  const value: unknown = options[name]
  if (typeof value === 'string' && value !== '') return value
  throw new GatewayError('usage', `error: required option '${flag}' not specified`)
}

/** Wait before a gateway that went away is called again: half to all of 0.5 s, doubled each time, at most 5 s. */
export const reconnectWaitMs = (failures: number): number => Math.min(5_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2)

/** As people see an error: what the gateway answered is told apart from what went wrong on the way. */
export const failureText = (thrown: unknown): string => {
  const answered = thrown instanceof GatewayError && thrown.code === 'rpc_failed'
  const kind = answered ? 'GatewayClientRequestError' : thrown instanceof GatewayError || !(thrown instanceof Error) ? 'Error' : thrown.name
  return `${kind}: ${messageOf(thrown)}`
}

/** What a command or check gets: texts and paths, and ways to the gateway. Filled by the CLI. */
export interface Offline {
  readonly version: string
  readonly paths: { readonly state: string; readonly config: string; readonly home: string }
  readonly out: {
    /** Control characters of any text come out escaped, but for line ends. */
    print(text: string): void
    error(text: string): void
    json(value: unknown): void
    table(head: string[], rows: string[][]): void
    /** Aborted when nobody reads stdout any more. */
    readonly closed: AbortSignal
    /** Whether stdout is a terminal. */
    readonly terminal: boolean
  }
  /** Connect to the gateway that the flags and the configuration name, work, and disconnect. */
  rpc<T>(flags: Record<string, any>, work: (gateway: Rpc) => Promise<T>, settings?: RpcSettings): Promise<T>
  /** Where `rpc` would go. Throws `rpc_setup` only for a URL that is none. */
  target(flags: Record<string, any>, settings?: RpcSettings): Promise<Target>
  local(): Promise<LocalGateway>
  /** Read a database of the state directory, also while the gateway writes it. Undefined when there is none of that name. */
  readDatabase<T>(name: string, work: (sql: (text: string) => Statement) => T | Promise<T>): Promise<T | undefined>
  /** Open a database file for reading and writing, while the gateway may have it open. Close it. */
  openDatabase(path: string): Promise<SqlDriver>
  port(port: number): Promise<PortReport>
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
