import { definePlugin, type Handle, type Plugin, type Service } from 'openclaw/plugin'
import { type Model, type Provider, Providers } from '../../plugins/contracts/models.js'

/** A provider that lists these models and answers nothing. */
export function listedProvider(name: string, models: readonly (string | Partial<Model>)[], more: Partial<Provider> = {}): Provider {
  const list = models.map((model): Model => {
    const entry = typeof model === 'string' ? { id: model } : model
    const id = entry.id as string
    return { key: id.startsWith(`${name}/`) ? id : `${name}/${id}`, provider: name, kind: 'chat', ...entry, id }
  })
  const silent = async function* () {}
  const embed = async () => ({ vectors: [] })
  return { name, models: () => list, anyModel: false, chat: async () => silent(), embed, ...more }
}

/** A plugin that adds providers. */
export const providersPlugin = (providers: readonly Provider[], name = 'static-providers'): Plugin =>
  definePlugin({
    api: 1,
    name,
    apply(kernel) {
      kernel.surface(Providers).tap((table) => {
        for (const provider of providers) table.add(provider)
      })
    },
  })

/** A plugin that shows the test a service as a plugin sees it. */
export function probe<T>(service: Service<T>, name = 'probe'): { readonly plugin: Plugin; readonly current: T } {
  let handle: Handle<T> | undefined
  return {
    plugin: definePlugin({
      api: 1,
      name,
      requires: [service],
      apply(kernel) {
        handle = kernel.use(service)
      },
    }),
    get current() {
      if (!handle) throw new Error('The probe was not applied.')
      return handle.current
    },
  }
}
