import { definePlugin, type Handle, optional, sleep } from 'openclaw/plugin'
import { Egress } from '../contracts/egress.js'
import { Routes } from '../contracts/http.js'
import { Inference } from '../contracts/inference.js'
import { Models } from '../contracts/models.js'
import { Store } from '../contracts/store.js'
import { createResponse } from './create.js'
import { Library } from './library.js'
import { Shelf } from './memory-kept.js'
import { deleteResponse, refusePath, retrieveResponse } from './retrieve.js'
import { type Config, schema } from './schema.js'

/** How often old responses are let go of where no new ones do it. */
const pruneEveryMs = 300_000

export default definePlugin({
  api: 1,
  name: 'openai-responses',
  section: 'gateway.http.endpoints.responses',
  schema,
  requires: [Models, Inference, optional(Egress), optional(Store)],
  apply(kernel) {
    const config = kernel.config as Handle<Config>
    const shelf = kernel.keep(
      'shelf',
      () => new Shelf(),
      () => undefined,
    )
    const library = new Library({ store: kernel.use(Store), config, shelf, log: kernel.log })
    const create = createResponse({
      config,
      models: kernel.use(Models),
      inference: kernel.use(Inference),
      egress: kernel.use(Egress),
      library,
    })
    kernel.surface(Routes).tap((routes) => {
      const write = { auth: 'gateway', scope: 'operator.write', raw: true } as const
      const below = { match: 'prefix', encodedSlash: true } as const
      routes.post('/v1/responses', write, create)
      routes.post('/v1/responses/', { ...write, ...below }, refusePath)
      routes.get('/v1/responses/', { ...write, ...below, scope: 'operator.read' }, retrieveResponse(library))
      routes.delete('/v1/responses/', { ...write, ...below }, deleteResponse(library))
    })
    kernel.task('prune', async (signal) => {
      while (!signal.aborted) {
        await sleep(pruneEveryMs, signal)
        if (!signal.aborted) await (await library.open()).prune()
      }
    })
  },
})
