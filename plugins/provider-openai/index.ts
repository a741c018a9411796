import { definePlugin, GatewayError, type Kernel } from 'openclaw/plugin'
import { type Backend, createBackend } from './backend.js'
import { Providers } from '../contracts/models.js'
import { type Config, schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'provider-openai',
  section: { path: 'models.providers', by: 'api', values: ['openai-completions', undefined] },
  schema,
  apply(kernel) {
    const backends = createBackends(kernel.config.current, kernel)
    const ready = new Promise<void>((resolve) => {
      kernel.hooks.ready.tap(() => resolve())
      kernel.signal.addEventListener('abort', () => resolve())
    })
    kernel.surface(Providers).tap((providers) => {
      for (const { provider } of backends) providers.add(provider)
    })
    kernel.hooks.start.tap(async () => {
      await Promise.all(backends.map((backend) => backend.start()))
    })
    kernel.task('discovery', async (signal) => {
      await ready
      await Promise.all(backends.map((backend) => backend.run(signal)))
    })
  },
})

function createBackends(config: Config, kernel: Kernel): Backend[] {
  const names = new Set<string>()
  return Object.entries(config).map(([key, entry]) => {
    // Provider names are the same in upper and lower case; model keys show them in lower case.
    const name = key.toLowerCase()
    const refuse = (message: string, at?: string): never => {
      const path = `models.providers.${key}${at === undefined ? '' : `.${at}`}`
      throw new GatewayError('invalid_config', message, { path, issues: [{ path, message }] })
    }
    if (name === 'openclaw') refuse('The name "openclaw" is reserved: it stands for agents. Rename this provider.')
    if (names.has(name)) refuse(`Provider "${name}" is there twice; upper and lower case are the same. Rename one of them.`)
    names.add(name)
    return createBackend(name, entry, refuse, kernel)
  })
}
