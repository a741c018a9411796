import { definePlugin, type Kernel } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Channels } from '../contracts/channels.js'
import { Events } from '../contracts/events.js'
import { Methods } from '../contracts/methods.js'
import { Models, Providers } from '../contracts/models.js'
import { Runs, SystemEvents } from '../contracts/runs.js'
import { Sessions } from '../contracts/sessions.js'
import { runAgent } from './agent-method.js'
import { Engine } from './engine.js'
import type { Host } from './host.js'
import { agentSchema, waitSchema } from './params-schema.js'
import { schema } from './schema.js'
import { waitForRun } from './wait-method.js'

export default definePlugin({
  api: 1,
  name: 'runs',
  schema,
  requires: [Agents, Models, Sessions],
  provides: [Runs, SystemEvents],
  apply(kernel) {
    const host = hostOf(kernel)
    const channels = kernel.table(Channels)
    const engine = kernel.keep(
      'engine',
      () => new Engine(),
      () => undefined,
    )
    const runs: Runs = { start: (request) => engine.start(request, host), active: () => engine.active() }
    kernel.provide(Runs, runs)
    kernel.provide(SystemEvents, engine.lines)
    kernel.surface(Events).tap((events) => events.add('agent', {}))
    kernel.surface(Methods).tap((methods) => {
      methods.add('agent', {
        scope: 'operator.write',
        params: agentSchema,
        handler: (call) => runAgent(call, runs, { agents: host.agents, sessions: host.sessions, channels: channels.current }),
      })
      methods.add('agent.wait', {
        scope: 'operator.write',
        params: waitSchema,
        handler: (call) => waitForRun(call, engine, host.sessions),
      })
    })
    kernel.hooks.start.tap(() => engine.join(host))
    kernel.hooks.drain.tap(({ signal, deadlineMs }) => engine.drain(host, signal, deadlineMs))
    kernel.hooks.close.tap(() => engine.leave(host))
  },
})

function hostOf(kernel: Kernel<typeof Agents | typeof Models | typeof Sessions>): Host {
  const agents = kernel.use(Agents)
  const models = kernel.use(Models)
  const sessions = kernel.use(Sessions)
  const providers = kernel.table(Providers)
  return {
    get agents() {
      return agents.current
    },
    get models() {
      return models.current
    },
    get sessions() {
      return sessions.current
    },
    log: kernel.log,
    publish: (payload) => kernel.emit('published', { event: 'agent', payload }),
    redact: kernel.redact,
    hold: ({ name }, abort) => providers.current.get(name)?.owner.hold(abort) ?? (() => undefined),
  }
}
