import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, type Log, messageOf } from 'openclaw/plugin'
import type { DatabaseOptions, SqlDriver } from '../contracts/store.js'
import { type DriverClass, loadDriver } from './driver.js'
import { isDamage, storeFailed } from './failure.js'
import { makePrivate, setAside } from './file.js'
import { migrate, refuseNewer } from './migrate.js'
import { createWriter, type OpenDatabase, type WriteTrouble } from './writer.js'

/** "OCLW": other programs' databases are not taken for ours. */
const applicationId = 0x4f434c57
/** Checking reads the whole file; a larger one would hold up the start for seconds. */
const mostCheckedBytes = 67_108_864

const settings =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864'

/** Open a database in `folder`, or in memory. Errors: `store_newer`, `store_failed`. */
export async function openDatabase(
  { name, migrations }: DatabaseOptions,
  folder: string | undefined,
  log: () => Log,
): Promise<OpenDatabase> {
  const Driver = await loadDriver()
  const path = folder === undefined ? '' : join(folder, `${name}.sqlite`)
  let driver: SqlDriver | undefined
  try {
    driver = path === '' ? new Driver(':memory:') : await openSound(Driver, path, migrations.length, log)
    driver.exec(settings)
    await migrate(driver, path, migrations, applicationId)
    driver.exec('PRAGMA foreign_keys = ON')
  } catch (error) {
    driver?.close()
    throw error instanceof GatewayError ? error : storeFailed(path, 'open', error)
  }
  return createWriter(driver, path, (trouble) => report(log(), path, trouble))
}

function report(log: Log, path: string, trouble: WriteTrouble) {
  if ('failed' in trouble) log.error(trouble.failed.message)
  else log.warn(`${path} is written again.`)
}

/** A connection to a file that holds what it should. One that does not is set aside, and a new one begun. */
async function openSound(Driver: DriverClass, path: string, known: number, log: () => Log): Promise<SqlDriver> {
  await makePrivate(path)
  const { size } = await stat(path)
  try {
    return openChecked(Driver, path, known, size)
  } catch (error) {
    if (!isDamage(error)) throw error
    const aside = await setAside(path)
    log().error(
      `${path} is damaged (${messageOf(error)}). It is kept as ${aside} and a new one begins: "sqlite3 ${aside} .recover" salvages what is in it.`,
    )
  }
  await makePrivate(path)
  return openChecked(Driver, path, known, 0)
}

/** Nothing is written before it is known that the file is ours, sound and not too new. */
function openChecked(Driver: DriverClass, path: string, known: number, size: number): SqlDriver {
  const driver = new Driver(path)
  try {
    driver.exec('PRAGMA busy_timeout = 1000')
    const { application_id: owner } = driver.prepare('PRAGMA application_id').get()
    const { tables } = driver.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()
    if (tables > 0 && owner !== applicationId) throw damaged('it is the database of another program')
    if (size <= mostCheckedBytes) {
      const { quick_check: found } = driver.prepare('PRAGMA quick_check(1)').get()
      if (found !== 'ok') throw damaged(String(found).split('\n').at(-1) ?? '')
    }
    refuseNewer(driver, path, known)
    return driver
  } catch (error) {
    driver.close()
    throw error
  }
}

/** As SQLite says it, for what it does not look at itself. */
const damaged = (reason: string) => Object.assign(new Error(reason), { errcode: 11 })
