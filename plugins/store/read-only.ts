import type { SqlDriver } from '../contracts/store.js'
import { loadDriver } from './driver.js'

type ReadOnlyDriver = new (path: string, options: { readOnly: boolean }) => SqlDriver

/** A connection that sees what is committed and can change nothing; a writer in another process is not held up. */
export async function openReadOnly(path: string): Promise<SqlDriver> {
  const Driver = (await loadDriver()) as unknown as ReadOnlyDriver
  const driver = new Driver(path, { readOnly: true })
  driver.exec('PRAGMA busy_timeout = 1000')
  return driver
}
