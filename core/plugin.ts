/** Entry `openclaw/plugin`: everything a plugin may touch. */
import type { EventName, HookEvents, HookName, Tap } from './hooks.js'
import type { Inspection } from './inspect.js'
import type { Log } from './log.js'
import type { Secret, SecretRef } from './secret.js'
import type { Row, Surface } from './surfaces.js'
import type { OptionalService, Schema, Service } from './tokens.js'

export {
  Access,
  type AccessRequest,
  bearerOf,
  type CallInfo,
  covers,
  type Decision,
  type Denial,
  type Peer,
  type Principal,
} from './access.js'
export { GatewayError, type Issue, messageOf } from './errors.js'
export { backoffMs, isPromise, sleep } from './guard.js'
export type { HookEvents, HookName, HookResult, Publication, Tap } from './hooks.js'
export type { Inspection, PluginState } from './inspect.js'
export { clientKey, isLoopback } from './limiter.js'
export { type Level, type Log, type LogRecord, printable } from './log.js'
export { Front } from './front.js'
export { fingerprint, Secret, type SecretRef } from './secret.js'
export { defineSurface, type Owner, type Row, type Surface } from './surfaces.js'
export { type SchemaError, type Validator, validatorOf } from './validate.js'
export { defineSchema, defineService, optional, type OptionalService, type Schema, type Service } from './tokens.js'

/** Always the newest value for the asking plugin. Read `.current` at use; do not keep it across an await. */
export interface Handle<T> {
  readonly current: T
}

export type Requirement = Service<any> | OptionalService<any>
type Needed<R extends Requirement> = R extends OptionalService<any> ? never : R
type Wanted<R extends Requirement> = R extends OptionalService<infer T> ? Service<T> : never
type TypeOf<S> = S extends Service<infer T> ? T : never

/**
 * The configuration subtree a plugin owns: a dotted path, or the entries of a record whose `by` property is one of
 * `values` (`undefined` claims entries without it), so that several plugins can share one record.
 */
export type Section = string | { readonly path: string; readonly by: string; readonly values: readonly (string | undefined)[] }

/** The scoped view of the gateway that `apply` receives. Everything registered through it dies with the plugin's scope. */
export interface Kernel<R extends Requirement = Requirement, P extends Service<any> = Service<any>, Config = any> {
  readonly name: string
  readonly log: Log
  /** Aborted when this scope is disposed. */
  readonly signal: AbortSignal
  readonly config: Handle<Config>
  /** Directories of this gateway; undefined when embedded without any. */
  readonly paths: { readonly state: string | undefined; readonly config: string | undefined }
  readonly hooks: { readonly [N in HookName]: { tap(tap: Tap<N>): void } }
  /** Contribute rows to a table; `fill` runs once per generation. */
  surface<W>(surface: Surface<any, W>): { tap(fill: (writer: W) => void): void }
  /** Read a table this plugin owns. */
  table<T>(surface: Surface<T, any>): Handle<ReadonlyMap<string, Row<T>>>
  use<S extends Needed<R>>(service: S): Handle<TypeOf<S>>
  use<S extends Wanted<R>>(service: S): Handle<TypeOf<S> | undefined>
  provide<S extends P>(service: S, value: TypeOf<S>): void
  /** Run when the scope is disposed, in reverse order, awaited, each with its own catch. */
  defer(undo: () => void | Promise<void>): void
  /** Supervised background work, begun when the plugin started. When it throws it runs again after 1 s … 5 min, full jitter. */
  task(name: string, run: (signal: AbortSignal) => Promise<void>): void
  /** A resource that outlives this scope if its successor asks for the same key; dropped when nobody holds it. */
  keep<T>(key: string, make: () => T, drop: (value: T) => void | Promise<void>): T
  /** Tell the taps of a notification, in the current generation. */
  emit<N extends EventName>(name: N, event: HookEvents[N]): void
  /** Resolve a secret: plain text or a reference. Undefined when it is not configured. */
  secret(ref: SecretRef | undefined): Promise<Secret | undefined>
  /** Mask every known secret in a text. */
  redact(text: string): string
  /** State of every plugin, table and fault: what health and `plugins inspect` are derived from. */
  inspect(): Inspection
}

export interface Plugin<R extends Requirement = any, P extends Service<any> = any, Config = any> {
  /** Major version of this contract. */
  readonly api: 1
  /** kebab-case; also the folder name and the suffix of `openclaw-plugin-<name>`. */
  readonly name: string
  /** Configuration subtree it owns. Default `plugins.entries.<name>.config`. */
  readonly section?: Section
  readonly schema?: Schema<Config>
  readonly requires?: readonly R[]
  readonly provides?: readonly P[]
  /** May not exist twice: starts only after its predecessor stopped. */
  readonly exclusive?: boolean
  /** Declare only: no sockets, timers, network or disk. Acquire in the `start` hook. */
  apply(kernel: Kernel<R, P, Config>): void
}

/** A plugin with its configuration, as `createGateway` takes it. */
export interface PluginUse<Config = any> {
  readonly plugin: Plugin<any, any, Config>
  readonly config?: Config
  /** Where the config came from, for error messages. */
  readonly path?: string
  /** Third-party plugins lose against bundled ones where both claim the same row. */
  readonly origin?: 'bundled' | 'external'
}

/** Returns its argument: bundled, third-party and embedded plugins are the same value. */
export const definePlugin = <const R extends Requirement = never, const P extends Service<any> = never, Config = unknown>(
  plugin: Plugin<R, P, Config>,
): Plugin<R, P, Config> => plugin

/** Pair a plugin with its configuration. */
export const use = <Config>(plugin: Plugin<any, any, Config>, config?: Config): PluginUse<Config> =>
  config === undefined ? { plugin } : { plugin, config }
