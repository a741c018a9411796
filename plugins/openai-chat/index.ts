import { definePlugin, type Handle, optional } from 'openclaw/plugin'
import { Egress } from '../contracts/egress.js'
import { Routes } from '../contracts/http.js'
import { Inference } from '../contracts/inference.js'
import { Models } from '../contracts/models.js'
import { createHandler } from './handler.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'openai-chat',
  section: 'gateway.http.endpoints.chatCompletions',
  schema,
  requires: [Models, Inference, optional(Egress)],
  apply(kernel) {
    const config = kernel.config as Handle<Config>
    const handler = createHandler({ config, models: kernel.use(Models), inference: kernel.use(Inference), egress: kernel.use(Egress) })
    kernel.surface(Routes).tap((routes) => {
      routes.post('/v1/chat/completions', { auth: 'gateway', scope: 'operator.write', raw: true }, handler)
    })
  },
})
