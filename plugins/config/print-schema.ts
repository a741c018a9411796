import type { Offline } from '../contracts/offline.js'
import { parsePath } from './path.js'

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: boolean | Node
  readonly items?: Node
  readonly anyOf?: readonly Node[]
}

/** `config schema [path]`: JSON Schema, the same with and without `--json`. */
export async function run(context: Offline, [path]: string[]): Promise<number> {
  const { schema } = await context.config()
  const node = path === undefined ? schema : nodeAt(schema as Node, parsePath(path))
  if (node === undefined) {
    context.out.error(`Config path not found: ${path}`)
    return 1
  }
  context.out.json(node)
  return 0
}

function nodeAt(node: Node, [part, ...rest]: readonly string[]): Node | undefined {
  if (part === undefined) return node
  const { properties = {}, additionalProperties, items, anyOf = [] } = node
  const own = Object.hasOwn(properties, part) ? properties[part] : undefined
  const children = [
    own,
    own === undefined && typeof additionalProperties === 'object' ? additionalProperties : undefined,
    /^\d+$/.test(part) ? items : undefined,
  ]
  for (const child of children) {
    const found = child && nodeAt(child, rest)
    if (found) return found
  }
  for (const branch of anyOf) {
    const found = nodeAt(branch, [part, ...rest])
    if (found) return found
  }
  return undefined
}
