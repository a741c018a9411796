import { definePlugin, optional, sleep } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { ChannelStates } from '../contracts/channels.js'
import { Events } from '../contracts/events.js'
import { Health } from '../contracts/health.js'
import { Routes } from '../contracts/http.js'
import { Methods } from '../contracts/methods.js'
import { Models } from '../contracts/models.js'
import { Probes } from '../contracts/probes.js'
import { SystemEvents } from '../contracts/runs.js'
import { Sessions } from '../contracts/sessions.js'
import { createHealth } from './health.js'
import { createHealthMethod } from './health-method.js'
import { addProbeRoutes } from './probe-routes.js'
import { createReadiness } from './readiness.js'
import { schema } from './schema.js'
import { createStatus } from './status.js'

const refreshMs = 60_000

export default definePlugin({
  api: 1,
  name: 'health',
  schema,
  requires: [optional(Agents), optional(Sessions), optional(ChannelStates), optional(Models), optional(SystemEvents)],
  provides: [Health],
  apply(kernel) {
    const probes = kernel.table(Probes)
    const readiness = createReadiness({ inspect: () => kernel.inspect(), probes: () => probes.current.values() })
    const sources = {
      agents: kernel.use(Agents),
      sessions: kernel.use(Sessions),
      channels: kernel.use(ChannelStates),
      models: kernel.use(Models),
      systemEvents: kernel.use(SystemEvents),
    }
    const health = createHealth(
      sources,
      (payload) => kernel.emit('published', { event: 'health', payload }),
      (reason) => kernel.log.warn(`The state of sessions or channels cannot be read: ${reason}`),
    )
    let version = ''
    kernel.provide(Health, {
      get snapshot() {
        return health.brief()
      },
    })
    kernel.surface(Routes).tap((routes) => addProbeRoutes(routes, readiness))
    kernel.surface(Events).tap((events) => events.add('health', { version: 'health' }))
    kernel.surface(Methods).tap((methods) => {
      methods.add('health', createHealthMethod(health, sources.channels))
      methods.add(
        'status',
        createStatus(sources, () => version),
      )
    })
    kernel.hooks.start.tap(() => {
      ;({ version } = kernel.inspect())
    })
    kernel.hooks.ready.tap(() => health.refresh())
    kernel.task('refresh', async (signal) => {
      for (;;) {
        await sleep(refreshMs, signal)
        if (signal.aborted) return
        health.refresh()
      }
    })
    // A load balancer must hear of a shutdown before the cached answer expires.
    kernel.hooks.drain.tap(() => readiness.expire())
  },
})
