import type { Inspection } from './inspect.js'
import type { LogRecord } from './log.js'
import type { Off, Report } from './plan.js'
import type { Plugin, PluginUse } from './plugin.js'
import type { GatewayConfig, Limits } from './schema.js'
import type { ResolveSecret } from './secret.js'

export interface GatewayOptions {
  readonly plugins: readonly (Plugin | PluginUse)[]
  /** Config section `gateway`: port, bind, auth, … `port: 0` takes a free one. */
  readonly gateway?: GatewayConfig
  /** Config section `limits`. */
  readonly limits?: Partial<Limits>
  /** Of the program around the gateway, told to clients. */
  readonly version?: string
  readonly paths?: { readonly state?: string; readonly config?: string }
  /** Turns secret references into values. Default: only plain text. */
  readonly secrets?: ResolveSecret
  readonly log?: (record: LogRecord) => void
  /** Plugins that the host knows but could not load: `inspect` shows them. */
  readonly off?: readonly Off[]
}

export interface Gateway {
  /** Of the first address, as in `http://127.0.0.1:18789`. */
  readonly url: string
  /** Every bound `host:port`. */
  readonly addresses: readonly string[]
  /** Settings that are risky but allowed. */
  readonly warnings: readonly string[]
  /** Change to these options, or refuse and leave everything as it was. Single flight: while one runs, only the newest waits. */
  reload(options: GatewayOptions): Promise<Report>
  /** Drain, close, release the port. Idempotent. */
  close(reason?: string): Promise<void>
  inspect(): Inspection
  /** Blame a plugin for what escaped it, as an unhandled rejection that the host attributed. False when no such plugin runs. */
  blame(plugin: string, where: string, thrown: unknown): boolean
}
