/** A JSON Schema node, as far as the CLI reads it. */
export interface Node {
  type?: string | string[]
  properties?: Record<string, Node>
  additionalProperties?: boolean | Node
  items?: Node
  anyOf?: Node[]
  oneOf?: Node[]
  [word: string]: unknown
}

export const closed = (properties: Record<string, Node>, more: Node = {}): Node => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
export const text: Node = { type: 'string' }
export const texts: Node = { type: 'array', items: text }
export const flag: Node = { type: 'boolean' }
export const whole = (minimum: number, maximum: number): Node => ({ type: 'integer', minimum, maximum })
