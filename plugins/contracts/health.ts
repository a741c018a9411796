import { defineService } from 'openclaw/plugin'
import type { Serialized } from './methods.js'

/** What the method `health`, the event `health` and a new client's snapshot say. */
export interface Health {
  /** Serialised once per change. */
  readonly snapshot: Serialized
}
export const Health = defineService<Health>('health')
