import { gatewaySchema, limitsSchema } from '../../core/schema.js'
import type { Schema, Section } from 'openclaw/plugin'

/** A JSON Schema node, as far as the CLI reads it. */
export interface Node {
  type?: string | string[]
  properties?: Record<string, Node>
  additionalProperties?: boolean | Node
  items?: Node
  anyOf?: Node[]
  oneOf?: Node[]
  [word: string]: unknown
}

/** A plugin's place in the document. Without a schema its section is not looked at. */
export interface SectionSchema {
  readonly name: string
  readonly section: Section
  readonly schema: Schema | undefined
}

const closed = (properties: Record<string, Node>, more: Node = {}): Node => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
const text: Node = { type: 'string' }
const texts: Node = { type: 'array', items: text }
const flag: Node = { type: 'boolean' }
const whole = (minimum: number, maximum: number): Node => ({ type: 'integer', minimum, maximum })

const secretProvider: Node = {
  anyOf: [
    closed({ source: { const: 'env' }, allowlist: { ...texts, maxItems: 256 } }, { required: ['source'] }),
    closed(
      {
        source: { const: 'file' },
        path: text,
        mode: { type: 'string', enum: ['json', 'singleValue'] },
        timeoutMs: whole(1, 120_000),
        maxBytes: whole(1, 20_971_520),
      },
      { required: ['source', 'path'] },
    ),
    closed(
      {
        source: { const: 'exec' },
        command: text,
        args: { ...texts, maxItems: 128 },
        env: { type: 'object', additionalProperties: { ...text, 'x-secret': true } },
        passEnv: { ...texts, maxItems: 128 },
        trustedDirs: { ...texts, maxItems: 64 },
        timeoutMs: whole(1, 120_000),
        maxOutputBytes: whole(1, 20_971_520),
        jsonOnly: flag,
        allowInsecurePath: flag,
        allowSymlinkCommand: flag,
      },
      { required: ['source', 'command'] },
    ),
  ],
}

/** Sections that belong to the CLI itself: it reads them before there is a gateway. */
export const ownSections: Readonly<Record<string, Schema>> = {
  env: {
    type: 'object',
    'x-reload': 'process',
    properties: { vars: { type: 'object', additionalProperties: text } },
    additionalProperties: text,
  },
  secrets: closed({
    providers: { type: 'object', additionalProperties: secretProvider },
    defaults: closed({ env: text, file: text, exec: text }),
  }),
  commands: closed({ restart: { ...flag, 'x-help': 'Whether SIGUSR1 from outside restarts the gateway. Default true.' } }),
  plugins: closed({
    enabled: { ...flag, 'x-help': 'Whether third-party plugins load at all. Default true.' },
    allow: { ...texts, 'x-help': 'When it names any, only these load, and what they need.' },
    deny: { ...texts, 'x-help': 'These never load.' },
    load: closed({ paths: { ...texts, 'x-help': 'Files or folders of plugins, relative to the configuration file.' } }),
    entries: { type: 'object', additionalProperties: closed({ enabled: flag, config: { type: 'object' } }) },
    installs: { type: 'object', additionalProperties: { type: 'object', properties: { installPath: text } } },
  }),
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
