import { messageOf } from './errors.js'
import type { Log } from './log.js'

interface Kept {
  value: unknown
  drop: (value: never) => void | Promise<void>
  holders: Set<object>
}

/** Resources that pass from a replaced scope to its successor: stores, pools, connection tables. */
export function createKeep(log: Log) {
  const kept = new Map<string, Kept>()
  return {
    /** The resource under `key`, made if nobody holds one; `holder` holds it until it releases. */
    hold<T>(holder: object, key: string, make: () => T, drop: (value: T) => void | Promise<void>): T {
      const entry = kept.get(key) ?? { value: make(), drop, holders: new Set() }
      kept.set(key, entry)
      entry.holders.add(holder)
      return entry.value as T
    },
    /** Let go of everything `holder` holds, and drop what nobody holds any more. */
    async release(holder: object) {
      for (const [key, { value, drop, holders }] of kept) {
        if (!holders.delete(holder) || holders.size > 0) continue
        kept.delete(key)
        try {
          await drop(value as never)
        } catch (error) {
          log.error(`could not drop "${key}": ${messageOf(error)}`)
        }
      }
    },
  }
}
export type Keep = ReturnType<typeof createKeep>
