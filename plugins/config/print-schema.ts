import type { Offline } from '../contracts/offline.js'
import { parsePath } from './path.js'
import { nodeAt, type SchemaNode } from './schema-node.js'

/** `config schema [path]`: JSON Schema, the same with and without `--json`. */
export async function run(context: Offline, [path]: string[]): Promise<number> {
  const { schema } = await context.config()
  const node = path === undefined ? schema : nodeAt(schema as SchemaNode, parsePath(path))
  if (node === undefined) {
    context.out.error(`Config path not found: ${path}`)
    return 1
  }
  context.out.json(node)
  return 0
}
