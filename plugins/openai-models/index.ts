import { definePlugin, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Routes } from '../contracts/http.js'
import { Models } from '../contracts/models.js'
import { listModels, retrieveModel } from './routes.js'
import { schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'openai-models',
  section: 'gateway.http.endpoints.models',
  schema,
  requires: [Models, optional(Agents)],
  apply(kernel) {
    const models = kernel.use(Models)
    const agents = kernel.use(Agents)
    const route = { auth: 'gateway', scope: 'operator.read', raw: true } as const
    kernel.surface(Routes).tap((routes) => {
      routes.get('/v1/models', route, listModels(models))
      routes.get('/v1/models/', { ...route, match: 'prefix', encodedSlash: true }, retrieveModel(models, agents))
    })
  },
})
