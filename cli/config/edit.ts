import { isDeepStrictEqual } from 'node:util'
import { nodeAt, parseJson5 } from 'openclaw/config'
import { GatewayError } from 'openclaw/plugin'

type Value = string | number | boolean | null | { readonly [key: string]: Value }

/**
 * Set one value in a JSON5 text and leave every other character, comments included, as it is. Objects on the way are made
 * where they are missing. Throws `config_edit` when the text holds something that is no object there.
 */
export function setInText(text: string, path: readonly string[], value: Value): string {
  const { tree } = parseJson5(text)
  if (!tree) throw new GatewayError('config_edit', 'The configuration is not valid JSON5; it was not changed.')
  const present = nodeAt(tree, path.join('.'))
  const edited = present ? replace(text, present.node.range, JSON.stringify(value)) : insert(text, path, value)
  // The text is only ever handed on when it says exactly what was asked for.
  const reread = parseJson5(edited).tree
  const written = reread && nodeAt(reread, path.join('.'))
  if (!written || !isDeepStrictEqual(plain(edited, written.node.range), value))
    throw new GatewayError('config_edit', `Could not set ${path.join('.')} in the configuration; it was not changed.`)
  return edited
}

type Range = [number, number] | undefined

const replace = (text: string, range: Range, by: string) => {
  const [from, to] = range as [number, number]
  return text.slice(0, from) + by + text.slice(to)
}
const plain = (text: string, range: Range): unknown => JSON.parse(text.slice(...(range as [number, number])))

function insert(text: string, path: readonly string[], value: Value): string {
  const tree = parseJson5(text).tree as NonNullable<ReturnType<typeof parseJson5>['tree']>
  let depth = path.length - 1
  while (depth > 0 && !nodeAt(tree, path.slice(0, depth).join('.'))) depth--
  const parent = nodeAt(tree, path.slice(0, depth).join('.'))?.node
  if (parent?.type !== 'Object')
    throw new GatewayError('config_edit', `${path.slice(0, depth).join('.') || 'The configuration'} is not an object.`)
  const nested = path.slice(depth + 1).reduceRight<Value>((inner, key) => ({ [key]: inner }), value)
  const [open, close] = parent.range as [number, number]
  const last = parent.members.at(-1)
  const end = last ? (last.range as [number, number])[1] : open + 1
  const tail = text.slice(end, close - 1)
  const comma = tail
    .replace(/\/\/.*|\/\*[^]*?\*\//g, '')
    .trim()
    .startsWith(',')
  const quoted = parent.members.length === 0 || parent.members.some(({ name }) => name.type === 'String')
  const key = path[depth] as string
  const name = quoted || !/^[A-Za-z_$][\w$]*$/.test(key) ? JSON.stringify(key) : key
  const inner = `${indentAt(text, open)}  `
  const oneLine = last !== undefined && !text.slice(open, close).includes('\n')
  const member = `${name}: ${JSON.stringify(nested, null, oneLine ? 0 : 2).replaceAll('\n', `\n${inner}`)}`
  const before = `${text.slice(0, end)}${last && !comma ? ',' : ''}${tail.trimEnd()}`
  if (oneLine) return `${before} ${member} ${text.slice(close - 1)}`
  return `${before}\n${inner}${member}${comma ? ',' : ''}\n${indentAt(text, open)}${text.slice(close - 1)}`
}

/** White space that the line of an offset begins with. */
const indentAt = (text: string, offset: number): string => {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}
