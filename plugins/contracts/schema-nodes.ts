/** Schema of a whole number with its default, in the order that reads like a sentence: value, from, to, meaning. */
export const integer = (value: number, minimum: number, maximum: number, help: string) => ({
  type: 'integer',
  default: value,
  minimum,
  maximum,
  'x-help': help,
})
