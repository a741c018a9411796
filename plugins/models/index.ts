import { definePlugin, GatewayError, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Ledger, SpendLimits } from '../contracts/ledger.js'
import { Methods } from '../contracts/methods.js'
import { Models, Providers } from '../contracts/models.js'
import { createAsk } from './ask.js'
import { Circuits } from './circuits.js'
import { createListMethod } from './list-method.js'
import { createRouter } from './router.js'
import { schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'models',
  section: 'models',
  schema,
  requires: [optional(Agents), optional(Ledger), optional(SpendLimits)],
  provides: [Models],
  apply(kernel) {
    const table = kernel.table(Providers)
    const router = createRouter({ table, agents: kernel.use(Agents), aliases: kernel.config.current.aliases ?? {} })
    const circuits = kernel.keep(
      'circuits',
      () => new Circuits(),
      () => undefined,
    )
    const models: Models = {
      ...router,
      ...createAsk({ circuits, ledger: kernel.use(Ledger), limits: kernel.use(SpendLimits), log: kernel.log }),
    }
    kernel.provide(Models, models)
    kernel.surface(Methods).tap((methods) => methods.add('models.list', createListMethod(models)))
    kernel.hooks.validate.tap((candidate) => {
      const names = new Set<string>()
      for (const { key, plugin } of candidate.table(Providers).values()) {
        const name = key.toLowerCase()
        const problem = name === 'openclaw' ? 'is reserved' : names.has(name) ? 'is there twice' : undefined
        if (problem)
          throw new GatewayError('invalid_config', `Provider name "${key}" (plugin "${plugin}") ${problem}. Rename it.`, {
            path: `models.providers.${key}`,
          })
        names.add(name)
      }
    })
  },
})
