import { defineService } from 'openclaw/plugin'
import type { Serialized } from './methods.js'

/** What a new client's snapshot and the event `health` say. */
export interface Health {
  /** Fit for every authenticated connection: sessions are counted, not named. At most a second old. Never throws. */
  readonly snapshot: Serialized
}
export const Health = defineService<Health>('health')
