/** Holds the first half of a surrogate pair back until the second one comes, which may be a network read later. */
export class WholeCodePoints {
  #half = ''

  /** The text as far as it is whole. */
  push(text: string): string {
    if (text === '') return text
    const whole = this.#half === '' ? text : this.#complete(text)
    const last = whole.charCodeAt(whole.length - 1)
    if (last < 0xd800 || last > 0xdbff) return whole
    this.#half = whole.slice(-1)
    return whole.slice(0, -1)
  }

  #complete(text: string): string {
    const next = text.charCodeAt(0)
    const half = next >= 0xdc00 && next <= 0xdfff ? this.#half : '\ufffd'
    this.#half = ''
    return half + text
  }

  /** A half that nothing completed. */
  end(): string {
    return this.#half === '' ? '' : '\ufffd'
  }
}
