import { anyItem, anyKey, childrenOf, joinPath, type SchemaNode } from './schema-node.js'

/** How a form shows a setting. */
export interface Hint {
  readonly label?: string
  readonly help?: string
  readonly sensitive?: true
}

/** Hints by path, as in `models.providers.*.apiKey` and `agents.list[].id`. */
export function hintsOf(schema: SchemaNode): Record<string, Hint> {
  const hints: Record<string, Hint> = {}
  const walk = (node: SchemaNode, path: string) => {
    const hint = hintOf(node)
    if (hint && path !== '') hints[path] = hint
    for (const { key, node: child } of childrenOf(node)) walk(child, joinPath(path, key))
  }
  walk(schema, '')
  return hints
}

export function hintOf(node: SchemaNode): Hint | undefined {
  const { 'x-label': label, 'x-help': help, 'x-secret': secret } = node
  if (label === undefined && help === undefined && !secret) return undefined
  return { ...(label !== undefined && { label }), ...(help !== undefined && { help }), ...(secret && { sensitive: true }) }
}

/** The path under which `hintsOf` has the hint of a setting: keys of records and positions in lists are any. */
export function hintPathOf(schema: SchemaNode, parts: readonly string[]): string {
  let node: SchemaNode | undefined = schema
  let path = ''
  for (const part of parts) {
    const children: ReturnType<typeof childrenOf> = node ? childrenOf(node) : []
    const own = children.find(({ key }) => key === part)
    const any = children.find(({ key }) => (key === anyItem && /^(\d+|\*|\[\])$/.test(part)) || key === anyKey)
    const found = own ?? any
    path = joinPath(path, found?.key ?? part)
    node = found?.node
  }
  return path
}
