/** What an event begins with up to its sequence number: for events that come often and differ in little. */
export const eventHead = (type: string, fields: string): string => `event: ${type}\ndata: {"type":"${type}",${fields},"sequence_number":`

/**
 * Numbers and writes the events of one response, as text around what changes: printing whole objects would cost several
 * times as much as the rest of an event's way through the gateway. One that is off writes nothing, for an answer sent as a whole.
 */
export class EventWriter {
  readonly #on: boolean
  #next = 0

  constructor(on: boolean) {
    this.#on = on
  }

  /** An event with the JSON of its other fields, `"a":1,"b":2`. */
  event(type: string, fields: string): string {
    return this.#on ? `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#next++},${fields}}\n\n` : ''
  }

  /** An event that brings more text. `more` are further fields, each after a comma. */
  delta(head: string, text: string, more = ''): string {
    return this.#on ? `${head}${this.#next++},"delta":${JSON.stringify(text)}${more}}\n\n` : ''
  }
}
