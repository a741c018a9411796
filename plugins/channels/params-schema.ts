import { closed } from '../contracts/methods.js'

export interface StatusParams {
  readonly probe: boolean
  readonly timeoutMs: number
}

export const statusSchema = closed<StatusParams>({
  probe: { type: 'boolean', default: false },
  timeoutMs: { type: 'integer', minimum: 0, default: 10_000 },
})
