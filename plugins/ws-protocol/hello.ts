import type { Health } from '../contracts/health.js'
import type { Agents } from '../contracts/agents.js'
import { Serialized } from '../contracts/methods.js'
import type { DeviceToken } from '../contracts/devices.js'
import { maxPayloadBytes } from './frame-limit.js'

/** What every `hello-ok` of one generation says, and the settings it tells. */
export interface Greeting {
  readonly version: string
  readonly methods: readonly string[]
  readonly events: readonly string[]
  readonly maxBufferedBytes: number
  readonly tickIntervalMs: number
  readonly startedAt: number
  readonly configPath: string | undefined
  readonly stateDir: string | undefined
  readonly authMode: string
}

/** Serialises what does not change once, and answers the way to greet one client. */
export function createGreeting(greeting: Greeting) {
  const { methods, events, maxBufferedBytes, tickIntervalMs, startedAt, configPath, stateDir, authMode, version } = greeting
  const features = JSON.stringify({ methods, events })
  const policy = JSON.stringify({ maxPayload: maxPayloadBytes, maxBufferedBytes, tickIntervalMs })
  const head = `{"type":"hello-ok","protocol":3,"server":{"version":${JSON.stringify(version)},"connId":`
  const where = { ...(configPath && { configPath }), ...(stateDir && { stateDir }), authMode }
  return (connId: string, now: Snapshot): Serialized => {
    const { presence, health, agents, stateVersion, token } = now
    const rest = {
      stateVersion,
      uptimeMs: Date.now() - startedAt,
      ...where,
      ...(agents && { sessionDefaults: sessionDefaults(agents) }),
    }
    const snapshot = `{"presence":${presence},${JSON.stringify(rest).slice(1, -1)},"health":${health?.snapshot.json ?? '{}'}}`
    const auth = token ? `,"auth":${JSON.stringify(token)}` : ''
    return new Serialized(`${head}"${connId}"},"features":${features},"snapshot":${snapshot}${auth},"policy":${policy}}`)
  }
}

export interface Snapshot {
  /** JSON. */
  readonly presence: string
  readonly health: Health | undefined
  readonly agents: Agents | undefined
  readonly stateVersion: { readonly presence: number; readonly health: number }
  readonly token: DeviceToken | undefined
}

const sessionDefaults = ({ default: { id } }: Agents) => ({
  defaultAgentId: id,
  mainKey: 'main',
  mainSessionKey: `agent:${id}:main`,
  scope: 'per-sender',
})
