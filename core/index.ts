/** Entry `openclaw`: run a gateway from values. No file system, no configuration file, no process handling. */
export { GatewayError, type Issue } from './errors.js'
export { createGateway, type Gateway, type GatewayOptions } from './gateway.js'
export type { Inspection, PluginState } from './inspect.js'
export type { LogRecord, Level } from './log.js'
export type { Report, Step } from './plan.js'
export { type Plugin, type PluginUse, use } from './plugin.js'
export type { GatewayConfig, Limits } from './schema.js'
export type { SecretRef } from './secret.js'
