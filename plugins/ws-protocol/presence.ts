import { arch, hostname, networkInterfaces, release, platform } from 'node:os'
import type { Client } from '../contracts/methods.js'

/** Who is, or lately was, connected. Times are ms. */
export interface PresenceEntry {
  host?: string
  ip?: string
  version?: string
  platform?: string
  deviceFamily?: string
  modelIdentifier?: string
  mode?: string
  lastInputSeconds?: number
  reason?: string
  tags?: string[]
  text?: string
  ts: number
  deviceId?: string
  roles?: string[]
  scopes?: string[]
  instanceId?: string
}

const lifeMs = 300_000
const mostEntries = 200
const families: Record<string, string> = { darwin: 'Mac', win32: 'Windows', linux: 'Linux' }
const systems: Record<string, string> = { darwin: 'macos', win32: 'windows' }

/** Programs of one command are not shown: they come and go with each call. */
export const isTracked = ({ mode }: Pick<Client, 'mode'>) => mode !== 'cli'

export class Presence {
  readonly #entries = new Map<string, PresenceEntry>()
  readonly #texts = new WeakMap<PresenceEntry, string>()
  readonly #self: PresenceEntry

  constructor(version: string) {
    const host = hostname()
    const ip = lanAddress() ?? host
    this.#self = {
      host,
      ip,
      version,
      platform: `${systems[platform()] ?? platform()} ${release()}`,
      deviceFamily: families[platform()] ?? platform(),
      modelIdentifier: arch(),
      mode: 'gateway',
      reason: 'self',
      text: `Gateway: ${host} (${ip}) · app ${version} · mode gateway · reason self`,
      ts: Date.now(),
    }
  }

  /** Newest first, the gateway itself among them. */
  list(): PresenceEntry[] {
    const now = Date.now()
    for (const [key, { ts }] of this.#entries) if (now - ts > lifeMs) this.#entries.delete(key)
    return [{ ...this.#self, ts: now }, ...[...this.#entries.values()].sort((a, b) => b.ts - a.ts)]
  }

  /** The list as JSON, put together from what was serialised before. */
  json(): string {
    const textOf = (entry: PresenceEntry) => {
      const text = this.#texts.get(entry) ?? JSON.stringify(entry)
      this.#texts.set(entry, text)
      return text
    }
    return `[${this.list().map(textOf).join()}]`
  }

  /** Roles and scopes add up over the connections of one device. */
  seen(
    client: Client,
    details: { deviceFamily?: string | undefined; modelIdentifier?: string | undefined; local: boolean },
    reason: string,
  ) {
    const key = (client.deviceId ?? client.instanceId ?? client.connId).toLowerCase()
    const host = client.displayName ?? client.id
    const before = this.#entries.get(key)
    const scopes = union(before?.scopes, client.scopes)
    const instanceId = client.deviceId ?? client.instanceId
    this.upsert(key, {
      host,
      ...(!details.local && { ip: client.address }),
      version: client.version,
      platform: client.platform,
      ...(details.deviceFamily && { deviceFamily: details.deviceFamily }),
      ...(details.modelIdentifier && { modelIdentifier: details.modelIdentifier }),
      mode: client.mode,
      ...(client.deviceId && { deviceId: client.deviceId }),
      roles: union(before?.roles, [client.role]),
      ...(scopes.length > 0 && { scopes }),
      ...(instanceId && { instanceId }),
      reason,
      text: before?.text ?? `Node: ${host} · mode ${client.mode}`,
    })
  }

  /** What was known of the entry before; undefined when it is new. */
  upsert(key: string, entry: Omit<PresenceEntry, 'ts'>): PresenceEntry | undefined {
    const before = this.#entries.get(key)
    this.#entries.delete(key)
    this.#entries.set(key, { ...before, ...entry, ts: Date.now() })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > mostEntries && oldest !== undefined) this.#entries.delete(oldest)
    return before
  }
}

const mostUnited = 32
const union = (before: readonly string[] = [], more: readonly string[]) => [...new Set([...before, ...more])].slice(0, mostUnited)

function lanAddress(): string | undefined {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? []) if (family === 'IPv4' && !internal) return address
  return undefined
}
