import type { GatewayConfig, Limits, PluginUse } from 'openclaw'
import type { Issue, Section } from 'openclaw/plugin'
import { composeSchema, sectionPath } from './document-schema.js'
import type { Node } from './node.js'
import { ownSections } from './own-schema.js'
import { absentProviderKinds } from './known.js'
import { reconcile } from './reconcile.js'
import { cutSections, isRecord, valueAt, withValue } from './sections.js'
import type { Chosen, NotChosen, Selection } from './select.js'
import type { SecretsConfig } from '../secrets/resolver.js'
import { standard } from '../standard.js'

type Document = Record<string, any>

/** A configuration document taken apart: who gets which part, and what is wrong with its keys. */
export interface Composed {
  readonly plugins: readonly PluginUse[]
  readonly gateway: GatewayConfig
  readonly limits: Limits
  /** The CLI's own sections. */
  readonly own: {
    readonly secrets: SecretsConfig
    readonly commands: { readonly restart?: boolean }
    readonly [section: string]: unknown
  }
  /** Where third-party plugins come from, by name. */
  readonly sources: ReadonlyMap<string, string>
  /** Plugins that are off although nobody wanted that, with why. */
  readonly broken: readonly { name: string; reason: string }[]
  readonly off: readonly { name: string; reason: string; section: string; origin: 'bundled' | 'external'; intended: boolean }[]
  /** Without the keys that nothing here acts on. */
  readonly document: Readonly<Document>
  readonly schema: Node
  /** Unknown keys. One with `plugin` lies in that plugin's section, any other is the gateway's own. */
  readonly issues: readonly Issue[]
  readonly warnings: readonly Issue[]
}

/** Take a document apart. Pure: values are checked by whoever gets them. */
export function composeDocument(written: Readonly<Document>, { chosen, off }: Selection): Composed {
  const schema = composeSchema([
    ...chosen.map(({ plugin, section }) => ({ name: plugin.name, section, schema: plugin.schema })),
    ...off.map(({ name, section }) => ({ name, section, schema: undefined })),
  ])
  const { document, ...found } = reconcile(written, schema)
  const { rest, values } = cutSections(document, [...chosen, ...off])
  const leftovers = takeLeftovers(values, rest)
  const { gateway = {}, limits = {}, ...others } = leftovers.rest
  const own = Object.fromEntries(Object.keys(ownSections).map((key) => [key, others[key] ?? {}])) as Composed['own']
  const disabledPaths = off.flatMap(({ endpoints }) => endpoints)
  return {
    plugins: chosen.map((each) => use(each, values.get(each), disabledPaths)),
    gateway,
    limits,
    own,
    sources: new Map(chosen.flatMap(({ origin, plugin, source }) => (origin === 'external' ? [[plugin.name, source]] : []))),
    broken: off.filter(({ intended }) => !intended).map(({ name, reason }) => ({ name, reason })),
    off: off.map(({ name, reason, section, origin, intended }) => ({ name, reason, section: sectionPath(section), origin, intended })),
    document,
    schema,
    issues: [...found.issues, ...leftovers.issues].map((issue) => withOwner(issue, [...chosen, ...off])),
    warnings: [...found.warnings, ...leftovers.warnings, ...stalePlugins(document, chosen, off), ...unreadConfigs(document, chosen)],
  }
}

function use({ plugin, section, origin }: Chosen, value: unknown, disabledPaths: string[]): PluginUse {
  const path = sectionPath(section)
  if (path === 'gateway.http' && (value === undefined || isRecord(value))) {
    const written = value ?? {}
    const own = Array.isArray(written['disabledPaths']) ? written['disabledPaths'] : []
    return { plugin, config: { ...written, disabledPaths: [...own, ...disabledPaths] }, path, origin }
  }
  // The switch of an endpoint is read before its plugin is loaded; the plugin itself does not know it.
  const switched = path.startsWith('gateway.http.endpoints.') && isRecord(value)
  const { enabled: _, ...config } = switched ? value : ({} as Document)
  const known = isRecord(plugin.schema?.['properties']) && 'enabled' in plugin.schema['properties']
  return { plugin, config: switched && !known ? config : (value ?? {}), path, origin }
}

/**
 * Entries of a shared record that no plugin claims, such as model providers of a kind that does not exist here. They lie
 * in what was left, or in the section of the plugin that owns the record's parent, and are taken out there.
 */
function takeLeftovers(values: Map<Chosen | NotChosen, unknown>, rest: Document) {
  const issues: Issue[] = []
  const warnings: Issue[] = []
  const owners = [...values.keys()]
  for (const [path, { by, kinds }] of sharedRecords(owners)) {
    const [parent, key] = [path.split('.').slice(0, -1), path.split('.').at(-1) as string]
    const owner = owners.find(({ section }) => section === parent.join('.'))
    const place = owner ? values.get(owner) : valueAt(rest, parent.join('.'))
    if (!isRecord(place) || !Object.hasOwn(place, key)) continue
    const { [key]: record, ...left } = place
    for (const [id, entry] of Object.entries(isRecord(record) ? record : {})) {
      const kind = isRecord(entry) ? entry[by] : undefined
      const at = `${path}.${id}`
      const allowed = kinds.map((each) => JSON.stringify(each)).join(', ')
      if (!isRecord(entry)) issues.push({ path: at, message: 'Invalid input: expected object' })
      else if (typeof kind === 'string' && absentProviderKinds.includes(kind))
        warnings.push({ path: at, message: `not supported yet, ignored: ${by} "${kind}"` })
      else issues.push({ path: `${at}.${by}`, message: `Invalid input (allowed: ${allowed})` })
    }
    if (!isRecord(record)) issues.push({ path, message: 'Invalid input: expected object' })
    if (owner) values.set(owner, left)
    else rest = withValue(rest, parent, left)
  }
  return { issues, warnings, rest }
}

/** Records that several plugins may share, with the kinds of entries that are claimed. */
function sharedRecords(owners: readonly { section: Section }[]) {
  const records = new Map<string, { by: string; kinds: string[] }>()
  for (const { section } of owners) {
    if (typeof section === 'string') continue
    const kinds = section.values.filter((value) => value !== undefined)
    records.set(section.path, { by: section.by, kinds: [...(records.get(section.path)?.kinds ?? []), ...kinds] })
  }
  return records
}

/** The plugin whose section is the deepest one around the issue. */
function withOwner(issue: Issue, owners: readonly (Chosen | NotChosen)[]): Issue {
  const around = owners
    .map((owner) => ({ name: 'plugin' in owner ? owner.plugin.name : owner.name, path: sectionPath(owner.section) }))
    .filter(({ path }) => issue.path === path || issue.path.startsWith(`${path}.`))
    .sort((a, b) => b.path.length - a.path.length)
  return around[0] ? { ...issue, plugin: around[0].name } : issue
}

function stalePlugins(document: Document, chosen: readonly Chosen[], off: readonly NotChosen[]): Issue[] {
  const names = new Set([...chosen.map(({ plugin }) => plugin.name), ...off.map(({ name }) => name)])
  for (const { name } of standard) names.add(name)
  const named = [
    ...Object.keys(isRecord(valueAt(document, 'plugins.entries')) ? document['plugins'].entries : {}).map((name) => ({
      path: `plugins.entries.${name}`,
      name,
    })),
    ...['allow', 'deny'].flatMap((list) => {
      const value = valueAt(document, `plugins.${list}`)
      return Array.isArray(value) ? value.map((name) => ({ path: `plugins.${list}`, name: String(name) })) : []
    }),
  ]
  return named
    .filter(({ name }) => !names.has(name))
    .map(({ path, name }) => ({
      path,
      message: `plugin not found: ${name} (stale config entry ignored; remove it from plugins config)`,
    }))
}

/** Settings of a plugin that are written where another plugin's would be. */
const unreadConfigs = (document: Document, chosen: readonly Chosen[]): Issue[] =>
  chosen.flatMap(({ plugin: { name }, section }) => {
    const path = `plugins.entries.${name}.config`
    const elsewhere = sectionPath(section) !== path && valueAt(document, path) !== undefined
    return elsewhere ? [{ path, message: `not read: the section of plugin "${name}" is ${sectionPath(section)}` }] : []
  })
