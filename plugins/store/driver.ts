import { createRequire, isBuiltin } from 'node:module'
import process from 'node:process'
import { GatewayError, messageOf } from 'openclaw/plugin'
import type { SqlDriver } from '../contracts/store.js'

export type DriverClass = new (path: string) => SqlDriver

/** The connection class: Node's own where it has one, else that of the package with the same interface. Error: `store_failed`. */
export async function loadDriver(): Promise<DriverClass> {
  if (isBuiltin('node:sqlite')) return builtin()
  try {
    const { DatabaseSync } = await import('@photostructure/sqlite')
    return DatabaseSync as unknown as DriverClass
  } catch (cause) {
    const remedy = 'Install the dependencies anew, or run Node 22.13 or later, which needs none.'
    throw new GatewayError('store_failed', `SQLite cannot be loaded: ${messageOf(cause)}. ${remedy}`, { cause })
  }
}

/** Older Nodes warn once that it is experimental: nothing a user could act on. Loading is synchronous, so no other warning is lost. */
function builtin(): DriverClass {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!/sqlite/i.test(String(warning))) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return createRequire(import.meta.url)('node:sqlite').DatabaseSync
  } finally {
    process.emitWarning = emitWarning
  }
}
