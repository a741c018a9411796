import { GatewayError } from './errors.js'

/** One line of a table, and whose it is. */
export interface Row<T> {
  readonly key: string
  readonly plugin: string
  readonly value: T
  readonly owner: Owner
}

/** What the owner of a table may do about the plugin behind a row. */
export interface Owner {
  /** `waiting`: not started yet; `down`: failed, stopped or quarantined. */
  standing(): 'up' | 'waiting' | 'down'
  /** Blame the plugin for what it threw in `where`. */
  fault(where: string, thrown: unknown): void
  /** Keep the plugin, and what it uses, alive for a piece of work; `abort` ends it at the drain deadline. Answers the release. */
  hold(abort: (reason: GatewayError) => void): () => void
}

/**
 * A table that plugins fill through a `SyncHook`, once per generation. `W` is what contributors see: it turns their call
 * into `add(key, row)`. The plugin that owns the surface reads the finished table with `kernel.table(surface)`.
 */
export interface Surface<T, W> {
  readonly id: string
  readonly writer: (add: (key: string, row: T) => void, plugin: string) => W
}
export type Table = Map<string, Row<any>>

export const defineSurface = <T, W = { add(key: string, row: T): void }>(
  id: string,
  writer: (add: (key: string, row: T) => void, plugin: string) => W = (add) => ({ add }) as W,
): Surface<T, W> => ({ id, writer })

/** Add a row; two rows with one key are refused and both owners named. */
export function addRow(table: Table, surface: string, row: Row<unknown>) {
  const { key, plugin } = row
  const taken = table.get(key)?.plugin
  if (taken !== undefined) {
    const message = `${surface} already has "${key}" from plugin "${taken}"; plugin "${plugin}" adds it again. Disable one of the two.`
    throw new GatewayError('duplicate_row', message, { plugin, hook: surface })
  }
  table.set(key, row)
}
