import { definePlugin, type Handle } from 'openclaw/plugin'
import { Routes } from '../contracts/http.js'
import { Sessions } from '../contracts/sessions.js'
import { Toolbox } from '../contracts/tools.js'
import { createHandler } from './handler.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'tools-invoke',
  section: 'gateway.tools',
  schema,
  requires: [Toolbox, Sessions],
  apply(kernel) {
    const handler = createHandler({
      config: kernel.config as Handle<Config>,
      toolbox: kernel.use(Toolbox),
      sessions: kernel.use(Sessions),
      redact: kernel.redact,
    })
    // To read is enough here: each tool asks for the scope that it needs.
    kernel.surface(Routes).tap((routes) => routes.post('/tools/invoke', { auth: 'gateway', scope: 'operator.read', raw: true }, handler))
  },
})
