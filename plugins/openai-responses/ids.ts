import { randomUUID } from 'node:crypto'

/** Digits of an id that number the items of its response. */
const digits = 3
const itemPattern = /^[a-z]{2,3}_([0-9a-f-]{33})[0-9a-f]{3}$/

/** Ids of one response and its items: the response's own, with another ending, so that an item leads to its response. */
export class ResponseIds {
  readonly response: string
  readonly #stem: string

  constructor() {
    this.#stem = randomUUID().slice(0, -digits)
    this.response = `resp_${this.#stem}${'0'.repeat(digits)}`
  }

  /** `index` is that in `output`. */
  item(prefix: 'msg' | 'fc' | 'rs', index: number): string {
    return `${prefix}_${this.#stem}${(index + 1).toString(16).padStart(digits, '0')}`
  }
}

/** The response that an output item is of; undefined when the id is none of ours. */
export function responseOf(item: string): string | undefined {
  const stem = itemPattern.exec(item)?.[1]
  return stem === undefined ? undefined : `resp_${stem}${'0'.repeat(digits)}`
}

/** The id of an input item, which is only looked at in the list of a response's input. */
export const inputItemId = (prefix: 'msg' | 'fc' | 'fco', response: string, index: number): string =>
  `${prefix}_${response.slice('resp_'.length)}_${index}`
