import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from 'openclaw/plugin'

/** Files that an agent is told, in this order. */
const names = ['AGENTS.md', 'SOUL.md', 'IDENTITY.md', 'USER.md', 'TOOLS.md', 'MEMORY.md'] as const
/** How long what was read is given again before the files are looked at anew. */
const freshMs = 1_000

export interface WorkspaceLimits {
  /** Characters of one file, and of all. */
  readonly maxChars: number
  readonly totalMaxChars: number
}

/** The texts of an agent's workspace: read when they changed, and not looked at more often than once a second. */
export class Workspace {
  readonly #directory: string
  readonly #limits: WorkspaceLimits
  readonly #warn: (message: string) => void
  #checkedAt = Number.NEGATIVE_INFINITY
  /** What tells one state of the files from another. */
  #state: string | undefined
  #text: Promise<string> = Promise.resolve('')

  constructor(directory: string, limits: WorkspaceLimits, warn: (message: string) => void) {
    this.#directory = directory
    this.#limits = limits
    this.#warn = warn
  }

  /** Everything in one text; empty when there is nothing. Never rejects: what cannot be read is left out, with a warning. */
  read(): Promise<string> {
    const now = performance.now()
    if (now - this.#checkedAt < freshMs) return this.#text
    this.#checkedAt = now
    return (this.#text = this.#refresh(this.#text))
  }

  async #refresh(before: Promise<string>): Promise<string> {
    const states = await Promise.all(names.map((name) => this.#stateOf(name)))
    const state = states.join()
    if (state === this.#state) return before
    const text = await this.#readAll(names.filter((_, i) => states[i] !== ''))
    this.#state = state
    return text
  }

  /** Empty: nothing to read. */
  async #stateOf(name: string): Promise<string> {
    try {
      const file = await stat(join(this.#directory, name))
      return file.isFile() && file.size > 0 ? `${file.ino}/${file.size}/${file.mtimeMs}` : ''
    } catch {
      return ''
    }
  }

  async #readAll(present: readonly string[]): Promise<string> {
    const { maxChars, totalMaxChars } = this.#limits
    const sections: string[] = []
    let left = totalMaxChars
    for (const name of present) {
      const allowed = Math.min(maxChars, left)
      if (allowed <= 0) break
      const text = await this.#readFile(name, allowed)
      left -= text.length
      if (text !== '') sections.push(`## ${name}\n\n${text}`)
    }
    return sections.join('\n\n')
  }

  async #readFile(name: string, maxChars: number): Promise<string> {
    let file: FileHandle | undefined
    try {
      file = await open(join(this.#directory, name))
      // No character takes more than three bytes for each unit of a string.
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxChars * 3 + 3), 0)
      const text = buffer
        .toString('utf8', 0, bytesRead)
        .replace(/^\ufeff/, '')
        .trim()
      return text.length <= maxChars
        ? text
        : `${text.slice(0, maxChars).replace(/[\ud800-\udbff]$/, '')}\n[The rest of ${name} is left out: it is too long.]`
    } catch (error) {
      this.#warn(`cannot read ${join(this.#directory, name)}: ${messageOf(error)}. The agent works without it.`)
      return ''
    } finally {
      await file?.close()
    }
  }
}
