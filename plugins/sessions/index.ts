import { definePlugin, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Events } from '../contracts/events.js'
import { Methods } from '../contracts/methods.js'
import { Models } from '../contracts/models.js'
import { Sessions } from '../contracts/sessions.js'
import { Store } from '../contracts/store.js'
import { Tools } from '../contracts/tools.js'
import { createAnnouncer } from './announce.js'
import { createMemory } from './memory.js'
import { addMethods } from './method-rows.js'
import { schema } from './schema.js'
import { archiveFolderOf, createSessions } from './sessions.js'
import { createSubscribers } from './subscribers.js'
import { addTools } from './tool-rows.js'

export default definePlugin({
  api: 1,
  name: 'sessions',
  section: 'session',
  schema,
  requires: [Store, optional(Agents), optional(Models)],
  provides: [Sessions],
  apply(kernel) {
    const store = kernel.use(Store)
    const agents = kernel.use(Agents)
    const models = kernel.use(Models)
    const memory = kernel.keep(
      'memory',
      () => createMemory(kernel.log),
      () => undefined,
    )
    const subscribers = kernel.keep('subscribers', createSubscribers, () => undefined)
    const announcer = createAnnouncer({
      subscribers,
      models: () => models.current,
      find: (key) => sessions.get(key),
      publish: (publication) => kernel.emit('published', publication),
    })
    const archiveFolder = archiveFolderOf(kernel.paths.state)
    const sessions: Sessions = createSessions({ memory, agents: () => agents.current, announcer, archiveFolder })
    kernel.provide(Sessions, sessions)
    const { scope, mainKey } = kernel.config.current
    if (scope === 'global') kernel.log.warn('session.scope "global" is not acted on: every sender has sessions of its own')
    if (mainKey !== undefined && mainKey !== 'main') kernel.log.warn('session.mainKey is not acted on: the main session is always "main"')
    kernel.hooks.start.tap(() => {
      memory.log = kernel.log
      return memory.open(store.current)
    })

    kernel.surface(Events).tap((events) => {
      events.add('session.message', { scope: 'operator.read', droppable: true })
      events.add('sessions.changed', { scope: 'operator.read', droppable: true })
    })
    const inputs = { sessions, subscribers, agents: () => agents.current, models: () => models.current }
    kernel.surface(Methods).tap((methods) => addMethods(methods, inputs))
    kernel.surface(Tools).tap((tools) => addTools(tools, inputs))
  },
})
