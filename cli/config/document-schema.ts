import { gatewaySchema, limitsSchema } from '../../core/schema.js'
import type { Schema, Section } from 'openclaw/plugin'
import { closed, flag, type Node, text } from './node.js'
import { ownSections } from './own-schema.js'

/** A plugin's place in the document. Without a schema its section is not looked at. */
export interface SectionSchema {
  readonly name: string
  readonly section: Section
  readonly schema: Schema | undefined
}

/** The schema of the whole document: the kernel's, the CLI's and each plugin's at its section. For editors; never the validator. */
export function composeSchema(plugins: readonly SectionSchema[]): Node {
  const roots = { gateway: gatewaySchema, limits: limitsSchema, ...ownSections }
  const root = closed({ $schema: text, ...(structuredClone(roots) as Record<string, Node>) })
  const depth = ({ section }: SectionSchema) => sectionPath(section).split('.').length
  // Shallow ones first: what lies deeper is put into them.
  for (const plugin of [...plugins].sort((a, b) => depth(a) - depth(b))) place(root, plugin)
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...root }
}

export const sectionPath = (section: Section): string => (typeof section === 'string' ? section : section.path)

function place(root: Node, { name, section, schema }: SectionSchema) {
  const path = sectionPath(section).split('.')
  const key = path.pop() as string
  let parent = root
  for (const part of path) {
    parent.properties ??= {}
    parent.properties[part] ??= part === name ? closed({ enabled: flag }) : closed({})
    parent = parent.properties[part]
  }
  parent.properties ??= {}
  const node: Node = schema === undefined ? {} : (structuredClone(schema) as Node)
  if (typeof section === 'string') {
    if (path.join('.') === 'gateway.http.endpoints' && node.properties) node.properties = { enabled: flag, ...node.properties }
    parent.properties[key] = node
    return
  }
  const record = (parent.properties[key] ??= { type: 'object', additionalProperties: { anyOf: [] } })
  const entry = typeof node.additionalProperties === 'object' ? node.additionalProperties : {}
  ;((record.additionalProperties as Node).anyOf as Node[]).push(entry)
}

/** Dotted paths of the schema's nodes that carry a mark; `*` is any key or index. */
export function pathsWith(node: Node, marked: (node: Node) => boolean, path: readonly string[] = []): string[] {
  if (marked(node)) return [path.join('.')]
  const below = (child: Node | boolean | undefined, key: string) =>
    typeof child === 'object' ? pathsWith(child, marked, [...path, key]) : []
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => below(child, key)),
    ...below(node.additionalProperties, '*'),
    ...below(node.items, '*'),
    ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap((branch) => pathsWith(branch, marked, path)),
  ].filter((each, at, all) => all.indexOf(each) === at)
}
