import { definePlugin, type Handle } from 'openclaw/plugin'
import { Routes } from '../contracts/http.js'
import { Models } from '../contracts/models.js'
import { createHandler } from './handler.js'
import { Replays } from './idempotency.js'
import { Runs } from './run.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'openai-chat',
  section: 'gateway.http.endpoints.chatCompletions',
  schema,
  requires: [Models],
  apply(kernel) {
    const config = kernel.config as Handle<Config>
    const replays = new Replays()
    const handler = createHandler({ config, models: kernel.use(Models), runs: new Runs(config, kernel.log), replays })
    kernel.surface(Routes).tap((routes) => {
      routes.post('/v1/chat/completions', { auth: 'gateway', scope: 'operator.write', raw: true }, handler)
    })
    kernel.defer(() => replays.clear())
  },
})
