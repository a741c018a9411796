import assert from 'node:assert/strict'
import type { Plugin } from 'openclaw'

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fails unless the schema compiles strictly, refuses unknown keys in every object, and uses the known annotations. */
export async function strictSchema({ schema, name }: Plugin) {
  if (schema === undefined) return
  const { Ajv } = await import('ajv')
  const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: true, verbose: true, allowUnionTypes: true })
  for (const word of ['x-secret', 'x-label', 'x-help']) ajv.addKeyword(word)
  ajv.addKeyword({ keyword: 'x-reload', metaSchema: { enum: ['live', 'plugin', 'process'] } })
  ajv.compile(schema)
  assert.deepEqual(looseObjects(schema, name), [], 'These take unknown keys: say additionalProperties: false.')
}

/** Paths of the objects that have properties and do not say what else may be in them. */
function looseObjects(node: Node, path: string): string[] {
  const { properties, additionalProperties } = node
  const loose = isNode(properties) && (additionalProperties === undefined || additionalProperties === true)
  return [...(loose ? [path] : []), ...subschemas(node).flatMap(([key, child]) => looseObjects(child, `${path}.${key}`))]
}

function subschemas(node: Node): [string, Node][] {
  const maps = ['properties', 'patternProperties', '$defs', 'definitions'].flatMap((key) => Object.entries(node[key] ?? {}))
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => ((node[key] ?? []) as unknown[]).map((child) => [key, child]))
  const single = ['items', 'additionalProperties', 'not', 'if', 'then', 'else'].map((key) => [key, node[key]])
  return [...maps, ...lists, ...single].filter((entry): entry is [string, Node] => isNode(entry[1]))
}
