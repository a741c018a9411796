import { GatewayError, type Handle, type Log, messageOf } from 'openclaw/plugin'
import type { Store } from '../contracts/store.js'
import { DatabaseKept } from './database-kept.js'
import type { Entry, Kept } from './kept.js'
import { MemoryKept, type Shelf } from './memory-kept.js'
import { migrations } from './migrations.js'
import type { Config } from './schema.js'

interface LibraryParts {
  readonly store: Handle<Store | undefined>
  readonly config: Handle<Config>
  /** In place of a database, where there is no store. */
  readonly shelf: Shelf
  readonly log: Log
}

/** The responses that are kept. Opened when first asked for, so that it costs the start nothing. */
export class Library {
  readonly #parts: LibraryParts
  #opening: Promise<Kept> | undefined

  constructor(parts: LibraryParts) {
    this.#parts = parts
  }

  /** Error: `plugin_unavailable`. */
  async open(): Promise<Kept> {
    try {
      return await (this.#opening ??= this.#make())
    } catch (error) {
      this.#opening = undefined
      throw this.#unavailable(error)
    }
  }

  async #make(): Promise<Kept> {
    const { store, config, shelf } = this.#parts
    const retention = () => config.current.retention
    if (!store.current) return new MemoryKept(shelf, retention)
    return new DatabaseKept(await store.current.open({ name: 'responses', migrations }), retention)
  }

  #unavailable(error: unknown): GatewayError {
    this.#parts.log.error(`kept responses cannot be used: ${messageOf(error)}`)
    return new GatewayError('plugin_unavailable', 'Kept responses cannot be used right now.', { retryAfterS: 5, cause: error })
  }

  /** Write a response down. False where that is not possible: the answer is there all the same, and says that it is not kept. */
  async add(entry: Entry): Promise<boolean> {
    try {
      return await (await this.open()).add(entry)
    } catch (error) {
      this.#parts.log.warn(`a response is not kept: ${messageOf(error)}`)
      return false
    }
  }

  /** Forget a response. Error: `plugin_unavailable`. */
  async remove(id: string, credential: string): Promise<boolean> {
    const kept = await this.open()
    return kept.remove(id, credential).catch((error: unknown) => {
      throw this.#unavailable(error)
    })
  }
}
