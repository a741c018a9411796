import { closed } from '../contracts/methods.js'
import type { RangeParams } from './range.js'
import type { GroupBy } from './report.js'

export type ReportParams = RangeParams & { readonly by: GroupBy }

const date = { type: 'string' }

export const noneSchema = closed<Record<string, never>>({})
export const reportSchema = closed<ReportParams>({
  by: { enum: ['day', 'key', 'agent', 'model'], default: 'day' },
  days: { type: 'integer' },
  startDate: date,
  endDate: date,
  mode: { type: 'string' },
  utcOffset: { type: 'string' },
})
