import { definePlugin } from 'openclaw/plugin'
import { Store } from '../contracts/store.js'
import { createDatabases } from './databases.js'
import { loadDriver } from './driver.js'
import { schema } from './schema.js'

export default definePlugin({
  api: 1,
  name: 'store',
  schema,
  provides: [Store],
  apply(kernel) {
    // An open database goes to the successor as it is: what waits in it is not lost.
    const databases = kernel.keep(
      'databases',
      () => createDatabases(kernel.log),
      (kept) => kept.close(),
    )
    kernel.provide(Store, { open: (options) => databases.open(options, kernel.paths.state) })
    kernel.hooks.start.tap(async () => {
      databases.log = kernel.log
      // Without a driver nothing can be kept: better known now than at the first conversation.
      await loadDriver()
    })
  },
})
