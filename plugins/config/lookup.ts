import { refusal } from '../contracts/methods.js'
import { hintOf, hintPathOf } from './hints.js'
import { childrenOf, joinPath, nodeAt, type SchemaNode } from './schema-node.js'

/** What `config.schema.lookup` answers: one node without what is below it, and what may be below it. Throws when there is none. */
export function lookUp(schema: SchemaNode, path: string) {
  const parts = path
    .replace(/\[([^\]]*)\]/g, (_, index: string) => `.${index === '' ? '[]' : index}`)
    .split('.')
    .filter((part) => part !== '')
  const node = nodeAt(schema, parts)
  if (!node) throw refusal('INVALID_REQUEST', 'config schema path not found')
  const at = parts.reduce(joinPath, '')
  const hintAt = hintPathOf(schema, parts)
  return {
    path,
    schema: shallow(node),
    ...hinted(node, hintAt),
    children: childrenOf(node).map(({ key, node: child, required }) => ({
      key,
      path: joinPath(at, key),
      ...(child.type !== undefined && { type: child.type }),
      required,
      hasChildren: childrenOf(child).length > 0,
      ...hinted(child, joinPath(hintAt, key)),
    })),
  }
}

function hinted(node: SchemaNode, hintPath: string) {
  const hint = hintOf(node)
  return hint ? { hint, hintPath } : {}
}

function shallow({
  properties: _properties,
  items: _items,
  additionalProperties,
  anyOf,
  oneOf,
  ...own
}: SchemaNode): Record<string, unknown> {
  return {
    ...own,
    ...(typeof additionalProperties === 'boolean' && { additionalProperties }),
    ...(anyOf && { anyOf: anyOf.map(shallow) }),
    ...(oneOf && { oneOf: oneOf.map(shallow) }),
  }
}
