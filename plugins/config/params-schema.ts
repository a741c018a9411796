import { closed } from '../contracts/methods.js'

export const noParamsSchema = closed<object>({})

export const lookupSchema = closed<{ readonly path: string }>(
  { path: { type: 'string', minLength: 1, maxLength: 1_024, pattern: '^[A-Za-z0-9_./\\[\\]\\-*]+$' } },
  ['path'],
)
