import { definePlugin, optional } from 'openclaw/plugin'
import { Configuration } from '../contracts/configuration.js'
import { Methods } from '../contracts/methods.js'
import { createMethods } from './methods.js'
import { schema } from './schema.js'

/** Its commands are in the manifest. In a running gateway it shows the file to clients, and looks after the file's mode. */
export default definePlugin({
  api: 1,
  name: 'config',
  schema,
  requires: [optional(Configuration)],
  apply(kernel) {
    const { config: path } = kernel.paths
    // Embedded: what it runs with is not in a file.
    if (path === undefined) return
    const methods = createMethods(kernel.use(Configuration), kernel.redact)
    kernel.surface(Methods).tap((table) => {
      for (const [name, method] of Object.entries(methods)) table.add(name, method)
    })
    kernel.hooks.start.tap(async () => {
      if (process.platform === 'win32') return
      const { stat } = await import('node:fs/promises')
      const mode = (await stat(path).catch(() => undefined))?.mode ?? 0
      if ((mode & 0o077) !== 0) kernel.log.warn(`${path} holds secrets and other users can read or write it: chmod 600 ${path}`)
    })
  },
})
