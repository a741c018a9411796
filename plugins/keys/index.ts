import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Access, definePlugin } from 'openclaw/plugin'
import { SpendLimits } from '../contracts/ledger.js'
import { Methods } from '../contracts/methods.js'
import { Store } from '../contracts/store.js'
import { authenticate } from './authenticate.js'
import { Keyring } from './keyring.js'
import { addMethods } from './method-rows.js'
import { schema } from './schema.js'

/** Scoped API keys beside the operator's credential. */
export default definePlugin({
  api: 1,
  name: 'keys',
  schema,
  requires: [Access, Store],
  provides: [SpendLimits],
  apply(kernel) {
    const rule = kernel.use(Access)
    const store = kernel.use(Store)
    // Rates and last uses go to the successor with the keys.
    const keyring = kernel.keep(
      'keyring',
      () => new Keyring(kernel.log, () => store.current),
      ({ uses }) => uses.write(),
    )
    kernel.provide(SpendLimits, keyring)
    kernel.hooks.start.tap(async () => {
      keyring.log = kernel.log
      keyring.store = () => store.current
      // Whoever never makes a key does not pay for a database.
      if (await isThere(kernel.paths.state)) await keyring.open()
    })
    // Behind a proxy that vouches for users a bearer is nobody's business but theirs.
    kernel.hooks.authenticate.tap((request) =>
      rule.current.mode === 'trusted-proxy' ? undefined : authenticate(keyring, request, Date.now()),
    )
    kernel.surface(Methods).tap((methods) => addMethods(methods, keyring, kernel.log))
  },
})

const isThere = async (state: string | undefined): Promise<boolean> =>
  state !== undefined &&
  access(join(state, 'keys.sqlite')).then(
    () => true,
    () => false,
  )
