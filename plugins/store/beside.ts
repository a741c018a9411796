import type { SqlDriver } from '../contracts/store.js'
import { loadDriver } from './driver.js'

type Driver = new (path: string, options: { readOnly: boolean }) => SqlDriver

/**
 * A connection to a database that the gateway may have open as well. Read-only, it sees what is committed and holds up no writer;
 * otherwise its commits wait for the gateway's and are on disk when they return, as the gateway's own are.
 */
export async function openBeside(path: string, readOnly: boolean): Promise<SqlDriver> {
  const driver = new ((await loadDriver()) as unknown as Driver)(path, { readOnly })
  driver.exec(readOnly ? 'PRAGMA busy_timeout = 1000' : 'PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL')
  return driver
}
