/** Schema of a whole number with its default, in the order that reads like a sentence: value, from, to, meaning. */
export const integer = (value: number, minimum: number, maximum: number, help: string) => ({
  type: 'integer',
  default: value,
  minimum,
  maximum,
  'x-help': help,
})

/** Schema of an object with these properties and no others. */
export const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
