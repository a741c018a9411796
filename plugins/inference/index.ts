import { definePlugin, type Handle, optional } from 'openclaw/plugin'
import { Inference } from '../contracts/inference.js'
import { Models } from '../contracts/models.js'
import { Runs } from '../contracts/runs.js'
import { Slots } from '../contracts/slots.js'
import { createInference } from './answer.js'
import { Replays } from './idempotency.js'
import { Jobs } from './jobs.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'inference',
  schema,
  requires: [Models, optional(Runs)],
  provides: [Inference],
  apply(kernel) {
    const config = kernel.config as Handle<Config>
    const slots = kernel.keep(
      'slots',
      () => new Slots('Too many requests are running.'),
      () => undefined,
    )
    const replays = kernel.keep(
      'replays',
      () => new Replays(),
      (kept) => kept.clear(),
    )
    const jobs = new Jobs(config, slots, kernel.log)
    kernel.provide(Inference, createInference({ config, models: kernel.use(Models), runs: kernel.use(Runs), jobs, replays }))
  },
})
