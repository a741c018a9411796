import type { SpendLimits } from '../contracts/ledger.js'
import type { Method } from '../contracts/methods.js'
import type { Book } from './book.js'
import { noneSchema, type ReportParams, reportSchema } from './params-schema.js'
import { nanosPerDollar } from './price.js'
import { type RangeParams, readRange } from './range.js'
import { costs, report } from './report.js'
import { dayOf, spent } from './rows.js'

const scope = 'operator.read'

/** The methods `usage.*`. */
export function addMethods(
  rows: { add<Params>(name: string, method: Method<Params>): void },
  book: Book,
  limits: () => SpendLimits | undefined,
) {
  // Providers that tell how much of a subscription is left would be named here; none does.
  rows.add('usage.status', { scope, handler: () => ({ updatedAt: Date.now(), providers: [] }) })
  // Open: clients send members of their own.
  rows.add<RangeParams | null>('usage.cost', {
    scope,
    async handler({ params }) {
      const range = readRange(params ?? {}, Date.now())
      const found = await book.read((sql) => costs(sql, range))
      return { updatedAt: Date.now(), ...found }
    },
  })
  rows.add<ReportParams>('usage.report', {
    scope,
    params: reportSchema,
    async handler({ params }) {
      const range = readRange(params, Date.now())
      const found = await book.read((sql) => report(sql, params.by, range))
      return { updatedAt: Date.now(), ...found }
    },
  })
  rows.add<Record<string, never>>('usage.limits', {
    scope,
    params: noneSchema,
    async handler() {
      const all = limits()?.list() ?? []
      if (all.length === 0) return { updatedAt: Date.now(), limits: [] }
      const found = await book.read((sql) =>
        all.map(({ kind, id, dollars, since, until }) => {
          const { settled, held } = spent(sql, kind, id, dayOf(since))
          const period = { ...(since > 0 && { since }), ...(until !== undefined && { until }) }
          return { kind, id, limitUsd: dollars, spentUsd: settled / nanosPerDollar, reservedUsd: held / nanosPerDollar, ...period }
        }),
      )
      return { updatedAt: Date.now(), limits: found }
    },
  })
}
