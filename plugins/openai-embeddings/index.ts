import { definePlugin, type Handle } from 'openclaw/plugin'
import { Routes } from '../contracts/http.js'
import { Models } from '../contracts/models.js'
import { createHandler } from './handler.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'openai-embeddings',
  section: 'gateway.http.endpoints.embeddings',
  schema,
  requires: [Models],
  apply(kernel) {
    const handler = createHandler({ config: kernel.config as Handle<Config>, models: kernel.use(Models), log: kernel.log })
    kernel.surface(Routes).tap((routes) => {
      routes.post('/v1/embeddings', { auth: 'gateway', scope: 'operator.write', raw: true }, handler)
    })
  },
})
