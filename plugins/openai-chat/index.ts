import { definePlugin, type Handle, optional } from 'openclaw/plugin'
import { Routes } from '../contracts/http.js'
import { Models } from '../contracts/models.js'
import { Runs } from '../contracts/runs.js'
import { createHandler } from './handler.js'
import { Replays } from './idempotency.js'
import { Jobs } from './jobs.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'openai-chat',
  section: 'gateway.http.endpoints.chatCompletions',
  schema,
  requires: [Models, optional(Runs)],
  apply(kernel) {
    const config = kernel.config as Handle<Config>
    const replays = new Replays()
    const jobs = new Jobs(config, kernel.log)
    const handler = createHandler({ config, models: kernel.use(Models), runs: kernel.use(Runs), jobs, replays })
    kernel.surface(Routes).tap((routes) => {
      routes.post('/v1/chat/completions', { auth: 'gateway', scope: 'operator.write', raw: true }, handler)
    })
    kernel.defer(() => replays.clear())
  },
})
