/** A node of the document's JSON Schema, as far as it is looked into. */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly 'x-label'?: string
  readonly 'x-help'?: string
  readonly 'x-secret'?: boolean
  readonly [word: string]: unknown
}

/** Written for the key of a record and, after a list's name, for any of its items. */
export const anyKey = '*'
export const anyItem = '[]'

const alternatives = ({ anyOf = [], oneOf = [] }: SchemaNode) => [...anyOf, ...oneOf]

/** What may be directly below a node, with its place in the path. Of a key that several alternatives have, the first. */
export function childrenOf(node: SchemaNode): { key: string; node: SchemaNode; required: boolean }[] {
  const { properties = {}, required = [], additionalProperties, items } = node
  const own = Object.entries(properties).map(([key, child]) => ({ key, node: child, required: required.includes(key) }))
  const any = typeof additionalProperties === 'object' ? [{ key: anyKey, node: additionalProperties, required: false }] : []
  const item = items ? [{ key: anyItem, node: items, required: false }] : []
  const all = [...own, ...any, ...item, ...alternatives(node).flatMap(childrenOf)]
  return all.filter(({ key }, at) => all.findIndex((each) => each.key === key) === at)
}

/** The node that a path leads to: names of properties, keys of records, positions in lists. Undefined when nothing may be there. */
export function nodeAt(node: SchemaNode, [part, ...rest]: readonly string[]): SchemaNode | undefined {
  if (part === undefined) return node
  const { properties = {}, additionalProperties, items } = node
  const own = Object.hasOwn(properties, part) ? properties[part] : undefined
  const children = [
    own,
    own === undefined && typeof additionalProperties === 'object' ? additionalProperties : undefined,
    /^(\d+|\*|\[\])$/.test(part) ? items : undefined,
  ]
  for (const child of children) {
    const found = child && nodeAt(child, rest)
    if (found) return found
  }
  for (const branch of alternatives(node)) {
    const found = nodeAt(branch, [part, ...rest])
    if (found) return found
  }
  return undefined
}

/** As in `agents.list[].id`. */
export const joinPath = (path: string, key: string): string => (path === '' || key === anyItem ? `${path}${key}` : `${path}.${key}`)
