import { parse, type ValueNode } from '@humanwhocodes/momoa'
import type { TextPlaces, TextRange } from '../../plugins/contracts/configuration.js'
import { keyOf } from './locate.js'

type Scalars = TextPlaces['scalars'][number][]

/** Where a JSON5 text has its texts and numbers, and its comments. Throws for a text that is not JSON5. */
export function placesOf(text: string): TextPlaces {
  const { body, tokens = [] } = parse(text, { mode: 'json5', ranges: true, tokens: true })
  const scalars: Scalars = []
  collect(body, [], scalars)
  const comments = tokens.filter(({ type }) => type === 'LineComment' || type === 'BlockComment').map(({ range }) => range as TextRange)
  return { scalars, comments }
}

function collect(node: ValueNode, keys: readonly string[], scalars: Scalars) {
  if (node.type === 'String' || node.type === 'Number') scalars.push({ keys, value: node.value, range: node.range as TextRange })
  else if (node.type === 'Object') for (const member of node.members) collect(member.value, [...keys, keyOf(member)], scalars)
  else if (node.type === 'Array') for (const [index, { value }] of node.elements.entries()) collect(value, [...keys, `${index}`], scalars)
}
