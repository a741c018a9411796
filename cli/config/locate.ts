import { type DocumentNode, type MemberNode, parse, type ValueNode } from '@humanwhocodes/momoa'
import { printable } from '../../core/log.js'

/** The parsed text of a configuration file: every value with its place. */
export type Tree = DocumentNode
export interface Parsed {
  text?: string
  tree?: Tree
  issue?: { message: string; line?: number }
}

/** Parse JSON5 text into a tree with places, or say where it stops being JSON5. */
export function parseJson5(text: string): Parsed {
  try {
    return { text, tree: parse(text, { mode: 'json5', ranges: true }) }
  } catch (error) {
    return { text, issue: syntaxIssue(text, error as Error & { offset?: number; line?: number; column?: number }) }
  }
}

/** In JSON5's own words. The parser blames the last token where it is the rest that is missing. */
function syntaxIssue(
  text: string,
  { message, offset = -1, line = 1, column = 1 }: Error & { offset?: number; line?: number; column?: number },
) {
  const problem = (what: string, line: number, column: number) => ({
    message: `JSON5 parse failed: SyntaxError: JSON5: ${what} at ${line}:${column}`,
    line,
  })
  if (offset < 0) return problem('nested too deeply', 1, 1)
  const rest = text
    .slice(offset)
    .replace(/\/\/.*|\/\*[^]*?\*\//g, '')
    .trim()
  const cut = message.startsWith('Unexpected token') && /^([,:{[]|[^\s,:{}[\]]+)$/.test(rest)
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/)
  if (rest === '' || cut || message.startsWith('Unexpected end'))
    return problem('invalid end of input', lines.length, (lines.at(-1) as string).length + 1)
  return problem(`invalid character '${printable(String.fromCodePoint(text.codePointAt(offset) as number))}'`, line, column)
}

const forbidden = new Set(['__proto__', 'constructor', 'prototype'])
const maxDepth = 64

/** The value of a tree. Repeated keys, keys that reach a prototype and includes are refused through `refuse`. */
export function evaluate(node: ValueNode, refuse: (path: string, message: string, line: number) => void, path = '', depth = 0): unknown {
  const below = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`)
  if (depth > maxDepth) return refuse(path, `Nested deeper than ${maxDepth} levels.`, node.loc.start.line)
  switch (node.type) {
    case 'Object': {
      const value: Record<string, unknown> = {}
      for (const member of node.members) {
        const key = keyOf(member)
        const { line } = member.loc.start
        if (forbidden.has(key)) refuse(path, `The key "${key}" is not allowed.`, line)
        else if (Object.hasOwn(value, key)) refuse(below(key), `Duplicate key: "${key}"`, line)
        else if (key === '$include') refuse(path, '$include is not supported yet: inline it.', line)
        else value[key] = evaluate(member.value, refuse, below(key), depth + 1)
      }
      return value
    }
    case 'Array':
      return node.elements.map((element, index) => evaluate(element.value, refuse, below(index), depth + 1))
    case 'Null':
      return null
    case 'NaN':
      return Number.NaN
    case 'Infinity':
      return node.sign === '-' ? -Infinity : Infinity
    default:
      return node.value
  }
}

export const keyOf = ({ name }: MemberNode): string => (name.type === 'String' ? name.value : name.name)

/**
 * The member or node at a dotted path (`agents.list.0.id`, `agents.list[0].id`). Keys that hold dots need no escape: the
 * longest key that fits is tried first. Undefined when the text has no such value.
 */
export function nodeAt(tree: Tree, path: string): { node: ValueNode; member?: MemberNode } | undefined {
  return find(tree.body, path.replace(/\[(\d+)\]/g, '.$1').replace(/^\./, ''))
}

function find(node: ValueNode, path: string, member?: MemberNode): ReturnType<typeof nodeAt> {
  if (path === '') return { node, ...(member && { member }) }
  const children: { key: string; value: ValueNode; member?: MemberNode }[] =
    node.type === 'Object'
      ? node.members.map((each) => ({ key: keyOf(each), value: each.value, member: each }))
      : node.type === 'Array'
        ? node.elements.map(({ value }, index) => ({ key: String(index), value }))
        : []
  for (const child of children.sort((a, b) => b.key.length - a.key.length)) {
    if (path !== child.key && !path.startsWith(`${child.key}.`)) continue
    const found = find(child.value, path.slice(child.key.length + 1), child.member)
    if (found) return found
  }
  return undefined
}

/** Line, counted from 1, of a dotted path in the text; of its nearest written parent where the path is not there. */
export function lineOf(tree: Tree, path: string): number {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = nodeAt(tree, at)
    if (found) return (found.member ?? found.node).loc.start.line
  }
  return tree.body.loc.start.line
}
