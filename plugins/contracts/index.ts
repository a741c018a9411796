/** Entry `openclaw/contracts`: the typed names that plugins share. */
export * from './agents.js'
export * from './cancellation.js'
export * from './http.js'
export * from './models.js'
export type * from './offline.js'
export * from './probes.js'
