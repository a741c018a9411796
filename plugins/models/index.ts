import { definePlugin, GatewayError, optional } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Methods } from '../contracts/methods.js'
import { Models, Providers } from '../contracts/models.js'
import { createListMethod } from './list-method.js'
import { createModels } from './router.js'
import { schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'models',
  section: 'models',
  schema,
  requires: [optional(Agents)],
  provides: [Models],
  apply(kernel) {
    const table = kernel.table(Providers)
    const models = createModels({ table, agents: kernel.use(Agents), aliases: kernel.config.current.aliases ?? {} })
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
