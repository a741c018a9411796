import { definePlugin, optional } from 'openclaw/plugin'
import { Ledger, SpendLimits } from '../contracts/ledger.js'
import { Methods } from '../contracts/methods.js'
import { Store } from '../contracts/store.js'
import { Book } from './book.js'
import { createLedger } from './ledger.js'
import { addMethods } from './method-rows.js'
import { schema } from './schema.js'

/** Who used how much of which model, and whether they may use more. */
export default definePlugin({
  api: 1,
  name: 'usage',
  schema,
  requires: [Store, optional(SpendLimits)],
  provides: [Ledger],
  apply(kernel) {
    const store = kernel.use(Store)
    const limits = kernel.use(SpendLimits)
    // Calls under way settle with the book they began in, whoever holds it by then.
    const book = kernel.keep(
      'book',
      () => new Book(kernel.log, () => store.current),
      (kept) => kept.close(),
    )
    kernel.provide(
      Ledger,
      createLedger({
        book,
        log: kernel.log,
        limits: () => limits.current,
        assumedMaxTokens: () => kernel.config.current.assumedMaxTokens,
      }),
    )
    kernel.hooks.start.tap(() => {
      book.log = kernel.log
      book.store = () => store.current
    })
    kernel.surface(Methods).tap((methods) => addMethods(methods, book, () => limits.current))
  },
})
