import { Access, definePlugin, type Handle, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Devices } from '../contracts/devices.js'
import { Events } from '../contracts/events.js'
import { Health } from '../contracts/health.js'
import { Upgrades } from '../contracts/http.js'
import { Methods } from '../contracts/methods.js'
import { Runs, SystemEvents } from '../contracts/runs.js'
import { accept, createHandshakeClock } from './accept.js'
import { preAuthBytes } from './frame-limit.js'
import { createGreeting } from './hello.js'
import { Hub, type Surroundings } from './hub.js'
import { listNodes } from './nodes.js'
import { noParamsSchema } from './params-schema.js'
import { Presence } from './presence.js'
import { type Config, schema } from './schema.js'
import { systemEvent } from './system-event.js'

/**
 * `closeTimeout` is newer than the types. `allowSynchronousEvents: false` must not be set: with this version of `ws` a malformed frame
 * that comes while a message waits throws out of its parser, and a peer could end the process.
 * Compression is never negotiated: it would cost memory for each connection.
 */
const serverOptions = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: preAuthBytes,
  maxFragments: 1_024,
  closeTimeout: 5_000,
}

/** The WebSocket control protocol, version 3: connections, who they are, what they may call, what they hear. */
export default definePlugin({
  api: 1,
  name: 'ws-protocol',
  schema,
  requires: [Access, optional(Devices), optional(Agents), optional(Health), optional(Runs), optional(SystemEvents)],
  apply(kernel) {
    const held: { hub?: Hub; startClock?: () => void } = {}
    const shared = kernel.keep(
      'hub',
      () => held,
      ({ hub }) => hub?.close(),
    )
    const methods = kernel.table(Methods)
    const events = kernel.table(Events)
    const config = kernel.config as Handle<Config>
    const access = kernel.use(Access)
    let version = ''
    let startedAt = Date.now()
    let greeted: { access: unknown; greet: ReturnType<typeof createGreeting> } | undefined
    const greeting = () => {
      if (greeted?.access === access.current) return greeted.greet
      const shown = (rows: Iterable<readonly [string, { value: { hidden?: boolean } }]>) =>
        [...rows].filter(([, { value }]) => !value.hidden).map(([name]) => name)
      const { maxBufferedBytes, tickIntervalMs } = config.current
      const greet = createGreeting({
        version,
        methods: shown(methods.current),
        events: ['connect.challenge', ...shown(events.current)],
        maxBufferedBytes,
        tickIntervalMs,
        startedAt,
        configPath: kernel.paths.config,
        stateDir: kernel.paths.state,
        authMode: access.current.mode,
      })
      greeted = { access: access.current, greet }
      return greet
    }
    const surroundings: Surroundings = {
      config,
      access,
      methods,
      events,
      greeting,
      devices: kernel.use(Devices),
      agents: kernel.use(Agents),
      health: kernel.use(Health),
      runs: kernel.use(Runs),
      systemEvents: kernel.use(SystemEvents),
      log: kernel.log,
      redact: kernel.redact,
    }
    const hub = () => shared.hub as Hub

    kernel.surface(Upgrades).tap((upgrades) => {
      upgrades.add('/', {
        auth: 'handler',
        scope: '',
        handler: (req, socket, head, call) =>
          hub().server.handleUpgrade(req, socket, head, (client) => accept(client, req, call, hub(), shared.startClock as () => void)),
      })
    })
    kernel.surface(Events).tap((rows) => {
      rows.add('presence', { droppable: true, version: 'presence' })
      rows.add('tick', { droppable: true })
      rows.add('shutdown', {})
      rows.add('heartbeat', { droppable: true })
    })
    kernel.surface(Methods).tap((rows) => {
      rows.add('system-presence', { scope: 'operator.read', handler: () => hub().presence.list() })
      rows.add('last-heartbeat', { scope: 'operator.read', handler: () => hub().lastHeartbeat })
      rows.add('node.list', {
        scope: 'operator.read',
        params: noParamsSchema,
        handler: () => ({ ts: Date.now(), nodes: listNodes(hub().connections.values(), surroundings.devices.current?.list() ?? []) }),
      })
      rows.add('system-event', {
        scope: 'operator.admin',
        handler({ params }) {
          const line = systemEvent(params as Record<string, unknown>, hub().presence)
          if (line !== undefined) surroundings.systemEvents.current?.add(line)
          kernel.emit('published', { event: 'presence', payload: { presence: hub().presence.list() } })
          return { ok: true }
        },
      })
    })
    kernel.hooks.published.tap((publication) => shared.hub?.publish(publication))
    kernel.hooks.start.tap(async () => {
      const { WebSocketServer } = await import('ws')
      ;({ version, startedAt } = kernel.inspect())
      if (shared.hub) return
      const server = new WebSocketServer(serverOptions)
      shared.hub = new Hub(server, new Presence(version), surroundings)
      shared.startClock = createHandshakeClock(shared.hub.waiting)
    })
    kernel.hooks.ready.tap(() => {
      greeted = undefined
      hub().adopt(surroundings)
      hub().beginTicks()
    })
    kernel.hooks.close.tap(({ reason }) => {
      if (kernel.inspect().state === 'closing') shared.hub?.shutDown(/restart/i.test(reason))
    })
  },
})
