import { definePlugin } from 'openclaw/plugin'
import { schema } from './schema.js'

/** Its commands are in the manifest; while the gateway runs it looks after the configuration file's mode. */
export default definePlugin({
  api: 1,
  name: 'config',
  schema,
  apply(kernel) {
    kernel.hooks.start.tap(async () => {
      const path = kernel.paths.config
      if (path === undefined || process.platform === 'win32') return
      const { stat } = await import('node:fs/promises')
      const mode = (await stat(path).catch(() => undefined))?.mode ?? 0
      if ((mode & 0o077) !== 0) kernel.log.warn(`${path} holds secrets and other users can read or write it: chmod 600 ${path}`)
    })
  },
})
