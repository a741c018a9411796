import type { SystemEvents } from '../contracts/runs.js'

const maxLines = 20
const maxChars = 2_000

/** The lines that the next turn of the main session is told of; the oldest go first. */
export class EventLines implements SystemEvents {
  #lines: string[] = []

  add(text: string) {
    const line = text
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, maxChars)
    if (line === '' || line === this.#lines.at(-1)) return
    this.#lines = [...this.#lines, line].slice(-maxLines)
  }
  list(): readonly string[] {
    return this.#lines
  }
  /** They were told. */
  forget(lines: readonly string[]) {
    this.#lines = this.#lines.filter((line) => !lines.includes(line))
  }
}
