import type { Log } from 'openclaw/plugin'
import type { Database, DatabaseOptions } from '../contracts/store.js'
import { openDatabase } from './open.js'
import type { OpenDatabase } from './writer.js'

/** Open databases by name. Outlives the plugin that made it, so whose log is told changes. */
export interface Databases {
  log: Log
  open(options: DatabaseOptions, folder: string | undefined): Promise<Database>
  /** Commit what waits, then close all. */
  close(): Promise<void>
}

export function createDatabases(log: Log): Databases {
  const opened = new Map<string, Promise<OpenDatabase>>()
  const databases: Databases = {
    log,
    open(options, folder) {
      const { name } = options
      const known = opened.get(name)
      if (known) return known
      const opening = openDatabase(options, folder, () => databases.log)
      opened.set(name, opening)
      // Whoever asks next tries anew.
      opening.catch(() => opened.delete(name))
      return opening
    },
    async close() {
      for (const opening of await Promise.allSettled(opened.values())) if (opening.status === 'fulfilled') opening.value.close()
    },
  }
  return databases
}
