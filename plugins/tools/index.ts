import { Access, definePlugin, type Handle, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Methods } from '../contracts/methods.js'
import { Models } from '../contracts/models.js'
import { Sessions } from '../contracts/sessions.js'
import { checkToolPolicies } from '../contracts/tool-policy.js'
import { Toolbox, Tools } from '../contracts/tools.js'
import { catalogOf } from './catalog.js'
import { effectiveOf } from './effective.js'
import { catalogSchema, effectiveSchema } from './params-schema.js'
import { Policies } from './policy.js'
import { type Config, schema } from './schema.js'
import { createToolbox } from './toolbox.js'

export default definePlugin({
  api: 1,
  name: 'tools',
  section: 'tools',
  schema,
  requires: [Access, optional(Agents), optional(Models), optional(Sessions)],
  provides: [Toolbox],
  apply(kernel) {
    const { current: config } = kernel.config as Handle<Config>
    checkToolPolicies('tools', config)
    checkToolPolicies('tools.subagents.tools', config.subagents?.tools)
    const table = kernel.table(Tools)
    const agents = kernel.use(Agents)
    const sessions = kernel.use(Sessions)
    const policies = new Policies(config, (message) => kernel.log.warn(message))
    const toolbox = createToolbox({ table, access: kernel.use(Access), agents, models: kernel.use(Models), sessions, policies, config })
    kernel.provide(Toolbox, toolbox)
    const present = () => ({ rows: table.current, inspection: kernel.inspect(), agents: agents.current, sessions: sessions.current })
    kernel.surface(Methods).tap((methods) => {
      methods.add('tools.catalog', {
        scope: 'operator.read',
        params: catalogSchema,
        handler: ({ params, client }) => catalogOf(present(), client.principal, params),
      })
      methods.add('tools.effective', {
        scope: 'operator.read',
        params: effectiveSchema,
        handler: ({ params, client }) => effectiveOf({ ...present(), toolbox, config }, client.principal, params),
      })
    })
  },
})
