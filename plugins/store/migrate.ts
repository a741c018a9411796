import { GatewayError } from 'openclaw/plugin'
import type { SqlDriver } from '../contracts/store.js'
import { replaceWhole } from './file.js'

export const versionOf = (driver: SqlDriver): number => driver.prepare('PRAGMA user_version').get().user_version

/** Refuse a file that a newer version wrote: what it means is not known here. */
export function refuseNewer(driver: SqlDriver, path: string, known: number) {
  const version = versionOf(driver)
  if (version <= known) return
  const remedy = `Run that version, or stop the gateway and put a copy that this one made (${path}.v*.bak) in its place.`
  throw new GatewayError('store_newer', `${path} has schema ${version}; this version knows ${known}. A newer one wrote it. ${remedy}`)
}

/** Lead the schema to its newest version, all steps or none, after a copy of a file that has an older one. */
export async function migrate(driver: SqlDriver, path: string, migrations: readonly string[], applicationId: number) {
  const version = versionOf(driver)
  if (version === migrations.length) return
  if (version > 0) await replaceWhole(`${path}.v${version}.bak`, (copy) => void driver.prepare('VACUUM INTO ?').run(copy))
  driver.exec('BEGIN IMMEDIATE')
  try {
    for (const step of migrations.slice(version)) driver.exec(step)
    driver.exec(`PRAGMA application_id = ${applicationId}`)
    driver.exec(`PRAGMA user_version = ${migrations.length}`)
    driver.exec('COMMIT')
  } catch (error) {
    driver.exec('ROLLBACK')
    throw error
  }
}
