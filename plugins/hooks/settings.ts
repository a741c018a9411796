import { GatewayError } from 'openclaw/plugin'
import { signedPrefixes } from '../contracts/http.js'
import { compileMappings, type Mapping, type Refuse } from './mapping.js'
import type { Config } from './schema.js'

/** The section `hooks`, checked and ready for use. */
export interface Settings {
  /** As in `/hooks`. */
  readonly base: string
  readonly maxBodyBytes: number
  readonly defaultSessionKey: string | undefined
  readonly allowRequestSessionKey: boolean
  /** In lower case; undefined: none configured. */
  readonly prefixes: readonly string[] | undefined
  /** Ids in lower case that may be named; undefined: any. */
  readonly agents: ReadonlySet<string> | undefined
  readonly mappings: readonly Mapping[]
}

/** An error in the section `hooks`. */
export function invalid(message: string, at?: string): GatewayError {
  const path = at === undefined ? 'hooks' : `hooks.${at}`
  return new GatewayError('invalid_config', message, { path, issues: [{ path, message }] })
}

/** Check what a schema cannot. Error: `invalid_config`. */
export function compileSettings(config: Config): Settings {
  const refuse: Refuse = (message, at) => {
    throw invalid(message, at)
  }
  const prefixes = (config.allowedSessionKeyPrefixes ?? []).map((prefix) => prefix.trim().toLowerCase()).filter(Boolean)
  const defaultSessionKey = config.defaultSessionKey?.trim() || undefined
  checkPrefixes(prefixes, defaultSessionKey, refuse)
  const agents = config.allowedAgentIds?.map((id) => id.trim().toLowerCase()).filter(Boolean)
  return {
    base: basePath(config.path, refuse),
    maxBodyBytes: config.maxBodyBytes,
    defaultSessionKey,
    allowRequestSessionKey: config.allowRequestSessionKey,
    prefixes: prefixes.length > 0 ? prefixes : undefined,
    agents: agents && !agents.includes('*') ? new Set(agents) : undefined,
    mappings: compileMappings(config, refuse),
  }
}

function basePath(written: string, refuse: Refuse): string {
  const path = `/${written.trim().replace(/^\/+|\/+$/g, '')}`
  if (path === '/') refuse("hooks.path may not be '/'", 'path')
  if (!/^(?:\/[\w~.-]+)+$/.test(path) || /\/\.+(?:\/|$)/.test(path)) refuse(`"${path}" is no path of plain segments.`, 'path')
  if (!signedPrefixes.some((prefix) => `${path}/`.startsWith(prefix))) {
    const allowed = signedPrefixes.map((prefix) => prefix.slice(0, -1)).join(' or ')
    refuse(`hooks.path must be ${allowed}, or below: only there may a route check its own credential. It is "${path}".`, 'path')
  }
  return path
}

function checkPrefixes(prefixes: readonly string[], defaultSessionKey: string | undefined, refuse: Refuse) {
  if (prefixes.length === 0) return
  const key = defaultSessionKey?.toLowerCase()
  if (key !== undefined && !prefixes.some((prefix) => key.startsWith(prefix)))
    refuse('hooks.defaultSessionKey must match hooks.allowedSessionKeyPrefixes', 'defaultSessionKey')
  if (key === undefined && !prefixes.some((prefix) => 'hook:'.startsWith(prefix)))
    refuse("hooks.allowedSessionKeyPrefixes must include 'hook:' when hooks.defaultSessionKey is unset", 'allowedSessionKeyPrefixes')
}
