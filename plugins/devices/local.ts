import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { refusal } from '../contracts/methods.js'
import type { SqlDriver } from '../contracts/store.js'
import { type Approved, approveById, listPairing, type PairingList } from './pairing.js'
import { migrations } from './rows.js'

/** Pairing without a connection to the gateway: for whoever may write its files. */
export interface LocalPairing {
  list(): PairingList
  /** Errors: `INVALID_REQUEST` with `unknown requestId`, `store_failed`. */
  approve(requestId: string): Approved
  close(): void
}

/**
 * Open the register of devices in a state directory; the gateway may run at the same time and sees what is written.
 * Where there is none nothing is made, and nobody asks. Errors: `store_newer`, `store_older`, `store_failed`.
 */
export async function openLocalPairing(state: string, open: (path: string) => Promise<SqlDriver>): Promise<LocalPairing> {
  const path = join(state, 'devices.sqlite')
  const failed = (cause: unknown) => {
    const remedy = 'Check that the file is a database of the gateway and writable for this user.'
    return new GatewayError('store_failed', `Cannot use ${path}: ${messageOf(cause)}. ${remedy}`, { cause })
  }
  if (!(await isThere(path))) return nothing
  let driver: SqlDriver | undefined
  try {
    driver = await open(path)
    refuseOther(driver, path)
  } catch (cause) {
    driver?.close()
    throw cause instanceof GatewayError ? cause : failed(cause)
  }
  return pairingIn(driver, failed)
}

const nothing: LocalPairing = {
  list: () => ({ pending: [], paired: [] }),
  approve() {
    throw refusal('INVALID_REQUEST', 'unknown requestId')
  },
  close: () => undefined,
}

const isThere = (path: string) =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )

/** Migrations are the gateway's work: it makes a copy first. */
function refuseOther(driver: SqlDriver, path: string) {
  const { user_version: version } = driver.prepare('PRAGMA user_version').get()
  const known = migrations.length
  if (version > known)
    throw new GatewayError(
      'store_newer',
      `${path} has schema ${version}; this version knows ${known}. Use the version that the gateway has.`,
    )
  if (version < known)
    throw new GatewayError(
      'store_older',
      `${path} has schema ${version}; this version needs ${known}. Start the gateway once: it migrates the file.`,
    )
}

function pairingIn(driver: SqlDriver, failed: (cause: unknown) => GatewayError): LocalPairing {
  const sql = (text: string) => driver.prepare(text)
  const sources = () => ({ now: Date.now(), id: randomUUID })
  /** All or nothing, alone. */
  const transact = <T>(begin: string, work: () => T): T => {
    try {
      driver.exec(begin)
      const result = work()
      driver.exec('COMMIT')
      return result
    } catch (cause) {
      try {
        driver.exec('ROLLBACK')
      } catch {
        // There is no transaction: BEGIN failed, or SQLite rolled back by itself.
      }
      throw cause instanceof GatewayError ? cause : failed(cause)
    }
  }
  return {
    list: () => transact('BEGIN', () => listPairing(sql, Date.now())),
    approve: (requestId) => transact('BEGIN IMMEDIATE', () => approveById(sql, requestId, '*', sources())),
    close: () => driver.close(),
  }
}
