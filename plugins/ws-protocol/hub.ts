import { type Access, covers, type Handle, type Log, type Publication, type Row } from 'openclaw/plugin'
import type { WebSocketServer } from 'ws'
import type { Agents } from '../contracts/agents.js'
import type { Devices } from '../contracts/devices.js'
import type { EventRow } from '../contracts/events.js'
import type { Health } from '../contracts/health.js'
import { type Method, Serialized } from '../contracts/methods.js'
import type { Runs, SystemEvents } from '../contracts/runs.js'
import type { Connection } from './connection.js'
import { eventFrame } from './frames.js'
import { Grants } from './grants.js'
import type { Snapshot } from './hello.js'
import { Rounds } from './inbox.js'
import { isTracked, type Presence } from './presence.js'
import { ControlBudget } from './rates.js'
import type { Config } from './schema.js'

/** What the plugin's present scope lends to the connections, which outlive it. */
export interface Surroundings {
  readonly config: Handle<Config>
  readonly access: Handle<Access>
  readonly methods: Handle<ReadonlyMap<string, Row<Method>>>
  readonly events: Handle<ReadonlyMap<string, Row<EventRow>>>
  readonly devices: Handle<Devices | undefined>
  readonly agents: Handle<Agents | undefined>
  readonly health: Handle<Health | undefined>
  readonly runs: Handle<Runs | undefined>
  readonly systemEvents: Handle<SystemEvents | undefined>
  readonly log: Log
  redact(text: string): string
  /** The way to greet a client, made once per generation. */
  greeting(): (connId: string, now: Snapshot) => Serialized
}

const announceMs = 50

/** Every connection and what they share. Passes from a replaced scope to its successor. */
export class Hub {
  /** Not yet authenticated, oldest first. */
  readonly waiting = new Set<Connection>()
  readonly connections = new Map<string, Connection>()
  readonly controlBudget = new ControlBudget()
  readonly rounds = new Rounds()
  readonly grants = new Grants(this.connections, () => this.owner)
  readonly versions = { presence: 1, health: 1 }
  lastHeartbeat: unknown = null
  #seq = 0
  #timer: NodeJS.Timeout | undefined
  #tickIntervalMs: number | undefined
  #announcing: NodeJS.Timeout | undefined

  constructor(
    readonly server: WebSocketServer,
    readonly presence: Presence,
    public owner: Surroundings,
  ) {}

  /** Another scope takes over, or the generation changed. */
  adopt(owner: Surroundings) {
    this.owner = owner
    this.grants.recheckAll()
  }

  /** Tell the clients. Serialised once; counted only where everybody hears it, so that nobody sees a gap. */
  publish({ event, payload, only }: Publication) {
    if (event === 'heartbeat') this.lastHeartbeat = payload
    const row = this.owner.events.current.get(event)?.value
    // What changed while nobody was there has changed for who comes next.
    if (row?.version) this.versions[row.version]++
    if (this.connections.size === 0) return
    if (!row) return this.owner.log.warn(`event "${event}" is not in the table of events and was not sent`)
    const { scope } = row
    const hears = ({ client }: Connection) =>
      (scope === undefined || (client?.role === 'operator' && covers(client.scopes, scope))) &&
      (only === undefined || only.has(client?.connId ?? ''))
    const all = [...this.connections.values()]
    const audience = scope === undefined && only === undefined ? all : all.filter(hears)
    if (audience.length === 0) return
    const counted = only === undefined && audience.length === all.length
    const frame = Buffer.from(eventFrame(event, payload, counted ? ++this.#seq : undefined, row.version && { ...this.versions }))
    const droppable = typeof row.droppable === 'function' ? row.droppable(payload) : row.droppable === true
    const { softBufferedBytes, maxBufferedBytes } = this.owner.config.current
    for (const connection of audience)
      if (!connection.sendEvent(frame, droppable, softBufferedBytes, maxBufferedBytes)) this.drop(connection, 1008, 'slow consumer')
  }

  /** From now on it hears nothing and waits for nothing. */
  drop(connection: Connection, code: number, reason: string) {
    this.forget(connection)
    connection.close(code, reason)
  }

  forget(connection: Connection) {
    this.waiting.delete(connection)
    if (!this.connections.delete(connection.connId)) return
    const { client, params } = connection
    if (client && params && isTracked(client)) {
      const { deviceFamily, modelIdentifier } = params.client
      this.presence.seen(client, { deviceFamily, modelIdentifier, local: connection.call.peer.direct }, 'disconnect')
      this.#announce()
    }
  }

  /** One event for all that go at about the same time: a proxy that ends takes many with it, and each would be told of each. */
  #announce() {
    this.#announcing ??= setTimeout(() => {
      this.#announcing = undefined
      this.publish({ event: 'presence', payload: new Serialized(`{"presence":${this.presence.json()}}`) })
    }, announceMs).unref()
  }

  /** Ticks, one for all. Clients take a longer silence for a dead gateway, so a reload does not begin the interval anew. */
  beginTicks() {
    const { tickIntervalMs } = this.owner.config.current
    if (tickIntervalMs === this.#tickIntervalMs) return
    clearInterval(this.#timer)
    this.#tickIntervalMs = tickIntervalMs
    this.#timer = setInterval(() => this.publish({ event: 'tick', payload: { ts: Date.now() } }), tickIntervalMs).unref()
  }

  /** The gateway ends, or begins anew: say so, then close. */
  shutDown(restarting: boolean) {
    const payload = restarting
      ? { reason: 'gateway restarting', restartExpectedMs: 1_500 }
      : { reason: 'gateway stopping', restartExpectedMs: null }
    this.publish({ event: 'shutdown', payload })
    this.close()
  }

  close() {
    clearInterval(this.#timer)
    clearTimeout(this.#announcing)
    this.#timer = this.#tickIntervalMs = this.#announcing = undefined
    this.grants.close()
    const all = [...this.waiting, ...this.connections.values()]
    // Nobody hears of the others' leaving.
    this.waiting.clear()
    this.connections.clear()
    for (const connection of all) connection.close(1012, 'service restart')
  }
}
