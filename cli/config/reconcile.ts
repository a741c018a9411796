import type { Issue } from 'openclaw/plugin'
import type { Node } from './node.js'
import { classifyKey, knownKeys } from './known.js'
import { nearest } from './nearest.js'

export interface Reconciled {
  /** A copy without the keys that are known elsewhere and absent here. */
  readonly document: Record<string, any>
  /** Keys that nobody knows, with the nearest known one. They stay in the copy. */
  readonly issues: readonly Issue[]
  /** One for each object that has absent keys. */
  readonly warnings: readonly Issue[]
}

/** Compare the keys of a document with its schema. Values are not looked at. */
export function reconcile(document: Readonly<Record<string, any>>, schema: Node): Reconciled {
  const found: Found = { issues: [], warnings: [], absent: new Map() }
  const copy = strip(document, schema, [], found) as Record<string, any>
  const warnings = [...found.absent].map(([path, keys]) => ({
    path: path === '' && keys.length === 1 ? (keys[0] as string) : path,
    message: path === '' && keys.length === 1 ? 'not supported yet, ignored' : `not supported yet, ignored: ${keys.join(', ')}`,
  }))
  return { document: copy, issues: found.issues, warnings: [...found.warnings, ...warnings] }
}

interface Found {
  issues: Issue[]
  warnings: Issue[]
  /** Keys by the object they are in. */
  absent: Map<string, string[]>
}

function strip(value: unknown, schema: Node, path: readonly string[], found: Found): unknown {
  if (Array.isArray(value))
    return value.map((item, at) => (schema.items ? strip(item, branchOf(item, schema.items), [...path, `${at}`], found) : item))
  if (!isRecord(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [key, child] of Object.entries(value)) {
    const node = childOf(schema, key)
    const at = [...path, key]
    if (node !== undefined) copy[key] = strip(child, branchOf(child, node), at, found)
    else {
      const kind = classifyKey(at)
      const parent = path.join('.')
      if (kind === 'absent') found.absent.set(parent, [...(found.absent.get(parent) ?? []), key])
      else if (kind === undefined) {
        copy[key] = child
        found.issues.push({ path: parent, message: unknownKey(key, schema, path) })
      } else if (kind !== 'note') found.warnings.push({ path: at.join('.'), message: kind.text })
    }
  }
  return copy
}

/** The node of a key; undefined when the schema closes the object against it. */
function childOf(schema: Node, key: string): Node | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key]
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties
  return schema.additionalProperties === false ? undefined : {}
}

/** Of alternatives, the one that leaves the fewest keys of this value unexplained. */
function branchOf(value: unknown, schema: Node): Node {
  const branches = schema.anyOf ?? schema.oneOf
  if (!branches || !isRecord(value)) return schema
  const cost = (branch: Node) => {
    const contradicted = Object.entries(branch.properties ?? {}).some(
      ([key, node]) => 'const' in node && Object.hasOwn(value, key) && value[key] !== node['const'],
    )
    const unknown = Object.keys(value).filter((key) => childOf(branch, key) === undefined).length
    return (contradicted ? 1_000 : 0) + (branch.type === 'object' || branch.properties ? 0 : 500) + unknown
  }
  return branches.reduce((best, branch) => (cost(branch) < cost(best) ? branch : best), branches[0] ?? {})
}

function unknownKey(key: string, schema: Node, path: readonly string[]): string {
  const near = nearest(key, [...Object.keys(schema.properties ?? {}), ...knownKeys(path)])
  return `Unrecognized key: "${key}"${near === undefined ? '' : ` (did you mean "${near}"?)`}`
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
