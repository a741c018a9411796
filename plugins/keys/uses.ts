import { messageOf } from 'openclaw/plugin'
import type { Keyring } from './keyring.js'
import { writeUse } from './rows.js'

/** How long the uses of keys are collected for one write. */
const collectMs = 60_000

/** When each key was used last: known at once, written together once a minute and at the end. */
export class Uses {
  readonly #last = new Map<string, number>()
  readonly #unwritten = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(readonly keyring: Pick<Keyring, 'open' | 'log'>) {}

  last(id: string): number | undefined {
    return this.#last.get(id)
  }

  note(id: string, atMs: number) {
    this.#last.set(id, atMs)
    this.#unwritten.add(id)
    this.#timer ??= setTimeout(() => void this.write(), collectMs).unref()
  }

  forget(id: string) {
    this.#last.delete(id)
    this.#unwritten.delete(id)
  }

  /** If it fails nothing is lost but a time. */
  async write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#unwritten.size === 0) return
    const ids = [...this.#unwritten]
    this.#unwritten.clear()
    try {
      const database = await this.keyring.open()
      await database.write((sql) => {
        for (const id of ids) writeUse(sql, id, this.#last.get(id) as number)
      })
    } catch (error) {
      this.keyring.log.debug(`the last uses of ${ids.length} keys were not noted: ${messageOf(error)}`)
    }
  }
}
