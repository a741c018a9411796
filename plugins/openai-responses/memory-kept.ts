import { responseOf } from './ids.js'
import type { Item } from './items.js'
import { type Chain, type Entry, itemIn, type Kept, type Scope, tooLong } from './kept.js'
import type { Retention } from './schema.js'

interface Held extends Omit<Entry, 'previous'> {
  /** Also keeps what was let go of, for as long as this one is there. */
  readonly previous: Held | undefined
  readonly endedAt: number
  readonly bytes: number
}

/** What outlives a reload: responses in the order in which they ended. */
export class Shelf {
  readonly held = new Map<string, Held>()
  bytes = 0
}

/** Responses of this process alone, for a gateway without a store. */
export class MemoryKept implements Kept {
  readonly #shelf: Shelf
  readonly #retention: () => Retention
  readonly #chains = new WeakMap<Chain, Held>()

  constructor(shelf: Shelf, retention: () => Retention) {
    this.#shelf = shelf
    this.#retention = retention
  }

  async add({ previous, ...entry }: Entry): Promise<boolean> {
    const { entries, maxBytes } = this.#retention()
    const bytes = entry.input.length + entry.output.length + entry.response.length
    if (entries === 0 || bytes > maxBytes) return false
    const before = previous && this.#chains.get(previous)
    this.#shelf.held.set(entry.id, { ...entry, previous: before, endedAt: Date.now(), bytes })
    this.#shelf.bytes += bytes
    await this.prune()
    return true
  }

  chain(id: string, scope: Scope, maxBytes: number): Chain | undefined {
    const held = this.#mine(id, scope)
    if (!held) return undefined
    const steps: Held[] = []
    let bytes = 0
    for (let step: Held | undefined = held; step; step = step.previous) {
      bytes += step.input.length + step.output.length
      if (bytes > maxBytes) throw tooLong()
      steps.push(step)
    }
    const items = steps.reverse().flatMap(({ input, output }): Item[] => [...JSON.parse(input), ...JSON.parse(output)])
    const chain: Chain = { id, lane: held.lane, items }
    this.#chains.set(chain, held)
    return chain
  }

  #mine(id: string, { credential, context }: Scope): Held | undefined {
    const held = this.find(id, credential)
    return held?.scope.context === context ? held : undefined
  }

  item(id: string, scope: Scope): Item | undefined {
    const held = this.#mine(responseOf(id) ?? '', scope)
    return held && itemIn(held.output, id)
  }

  find(id: string, asker: string): Held | undefined {
    const held = this.#shelf.held.get(id)
    const owner = held?.scope.credential
    return held && owner === asker && held.endedAt > Date.now() - this.#retention().maxAgeMs ? held : undefined
  }

  async remove(id: string, credential: string): Promise<boolean> {
    const held = this.find(id, credential)
    if (held) this.#drop(held)
    return held !== undefined
  }

  async prune(): Promise<void> {
    const { entries, maxAgeMs, maxBytes } = this.#retention()
    const oldest = Date.now() - maxAgeMs
    for (const held of this.#shelf.held.values()) {
      if (held.endedAt > oldest && this.#shelf.held.size <= entries && this.#shelf.bytes <= maxBytes) return
      this.#drop(held)
    }
  }

  #drop({ id, bytes }: Held) {
    this.#shelf.held.delete(id)
    this.#shelf.bytes -= bytes
  }
}
