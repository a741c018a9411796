import { GatewayError, messageOf, type Plugin, type Section } from 'openclaw/plugin'
import { type ExternalPlugin, externalPlugins } from './external.js'
import { nearest } from './nearest.js'
import { isRecord, valueAt } from './sections.js'
import { type BundledPlugin, standard } from '../standard.js'

type Document = Readonly<Record<string, any>>

/** A plugin that the configuration lets run, loaded. */
export interface Chosen {
  readonly plugin: Plugin
  readonly section: Section
  readonly origin: 'bundled' | 'external'
  readonly source: string
}

/** A plugin that does not run, and why. */
export interface NotChosen {
  readonly name: string
  readonly reason: string
  /** Somebody wanted it off; otherwise it is broken. */
  readonly intended: boolean
  readonly section: Section
  readonly origin: 'bundled' | 'external'
  readonly source: string
  readonly endpoints: readonly string[]
}

export interface Selection {
  readonly chosen: readonly Chosen[]
  readonly off: readonly NotChosen[]
}

interface Candidate extends Omit<NotChosen, 'reason' | 'intended'> {
  readonly default: BundledPlugin['default']
  readonly base: boolean
  readonly provides: readonly string[]
  readonly load: () => Promise<Plugin>
}

type Drop = (candidate: Candidate, reason: string, intended?: boolean) => void

export const defaultSection = (name: string): Section => `plugins.entries.${name}.config`

/**
 * Load the plugins that run with this document. `only` (`--plugins a,b`) is the whole set; `plugins.allow` is, when it
 * names a bundled plugin; both are completed by what their plugins require and by what nothing works without. Third-party plugins must be in `plugins.allow`
 * whenever it has entries. Throws `unknown_plugin` for a name in `only` that nobody has.
 */
export async function selectPlugins(
  document: Document,
  paths: { config: string; home: string },
  only?: readonly string[],
): Promise<Selection> {
  const candidates = [...standard.map(fromBundled), ...externalPlugins(document['plugins'], paths).map(fromExternal)]
  const names = candidates.map(({ name }) => name)
  for (const name of only ?? []) if (!names.includes(name)) throw unknownPlugin(name, names)
  const off: NotChosen[] = []
  const drop: Drop = (candidate, reason, intended = true) => off.push({ ...candidate, reason, intended })
  const wanted = wantedNames(document, only)
  const waiting: Candidate[] = []
  const starting = candidates.filter((candidate, at) => {
    const taken = names.indexOf(candidate.name) !== at
    const reason = taken ? `the name "${candidate.name}" is taken by another plugin` : refusal(candidate, document, only)
    if (reason !== undefined) return void drop(candidate, reason, !taken)
    if (!wanted || candidate.base || wanted.names.has(candidate.name)) return true
    return void waiting.push(candidate)
  })
  const chosen = await loadAll(starting, drop)
  if (wanted) await complete(chosen, waiting, drop)
  for (const candidate of waiting) drop(candidate, wanted?.reason ?? '')
  return { chosen: underOwnNames(chosen, document, only, drop), off }
}

const fromBundled = ({ name, section, load, endpoints = [], default: on, base = false, provides = [] }: BundledPlugin): Candidate => ({
  name,
  section,
  origin: 'bundled',
  source: `bundled:${name}`,
  endpoints,
  default: on,
  base,
  provides,
  load: async () => (await load()).default,
})

const fromExternal = ({ name, source, load }: ExternalPlugin): Candidate => ({
  name,
  section: defaultSection(name),
  origin: 'external',
  source,
  endpoints: [],
  default: true,
  base: false,
  provides: [],
  load,
})

const unknownPlugin = (name: string, names: readonly string[]) => {
  const near = nearest(name, names)
  return new GatewayError('unknown_plugin', `Plugin not found: ${name}${near ? ` (did you mean "${near}"?)` : ''}`)
}

function wantedNames(document: Document, only: readonly string[] | undefined) {
  if (only) return { names: new Set(only), reason: 'not selected (--plugins)' }
  const allow = texts(valueAt(document, 'plugins.allow'))
  if (!allow.some((name) => standard.some((bundled) => bundled.name === name))) return undefined
  return { names: new Set(allow), reason: 'not in plugins.allow' }
}

/** Why the configuration keeps a plugin from running. */
function refusal(candidate: Candidate, document: Document, only: readonly string[] | undefined): string | undefined {
  const { name, origin } = candidate
  if (texts(valueAt(document, 'plugins.deny')).includes(name)) return 'denied by plugins.deny'
  if (only?.includes(name)) return undefined
  const entry = valueAt(document, `plugins.entries.${name}`)
  const enabled = isRecord(entry) ? entry['enabled'] : undefined
  if (enabled === false) return `turned off by plugins.entries.${name}.enabled`
  const section = typeof candidate.section === 'string' ? candidate.section : ''
  const endpoint = section.startsWith('gateway.http.endpoints.') ? valueAt(document, `${section}.enabled`) : undefined
  if (endpoint === false) return `turned off by ${section}.enabled`
  if (origin === 'external') {
    const allow = texts(valueAt(document, 'plugins.allow'))
    if (valueAt(document, 'plugins.enabled') === false) return 'turned off by plugins.enabled'
    if (allow.length > 0 && !allow.includes(name)) return 'not in plugins.allow'
  }
  const { default: byDefault } = candidate
  const on = typeof byDefault === 'function' ? byDefault(document) : byDefault
  return on || enabled === true || endpoint === true ? undefined : 'off by default'
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [])

async function loadAll(candidates: readonly Candidate[], drop: Drop) {
  const loaded = await Promise.all(
    candidates.map(async (candidate): Promise<(Chosen & { candidate: Candidate }) | undefined> => {
      try {
        const plugin = await candidate.load()
        const section = candidate.origin === 'bundled' ? candidate.section : (plugin.section ?? defaultSection(plugin.name))
        return { plugin, section, origin: candidate.origin, source: candidate.source, candidate }
      } catch (error) {
        return void drop(candidate, messageOf(error), false)
      }
    }),
  )
  return loaded.filter((each) => each !== undefined)
}

/** Pull in the bundled providers of services that the chosen require, and load no others. */
async function complete(chosen: Awaited<ReturnType<typeof loadAll>>, waiting: Candidate[], drop: Drop) {
  for (let at = 0; at < chosen.length; at++) {
    for (const requirement of (chosen[at] as Chosen).plugin.requires ?? []) {
      if ('optional' in requirement || chosen.some(({ plugin }) => plugin.provides?.some(({ id }) => id === requirement.id))) continue
      const found = waiting.findIndex(({ provides }) => provides.includes(requirement.id))
      if (found >= 0) chosen.push(...(await loadAll(waiting.splice(found, 1), drop)))
    }
  }
}

/** What a third-party plugin calls itself is only known once it is loaded: the same rules, by its own name. */
function underOwnNames(
  chosen: Awaited<ReturnType<typeof loadAll>>,
  document: Document,
  only: readonly string[] | undefined,
  drop: Drop,
): Chosen[] {
  const names = new Set(standard.map(({ name }) => name))
  return chosen.flatMap(({ candidate, ...each }) => {
    const { name } = each.plugin
    if (each.origin === 'external') {
      const own = { ...candidate, name, section: each.section }
      const reason = names.has(name)
        ? `the name "${name}" is taken by another plugin`
        : name === candidate.name
          ? undefined
          : refusal(own, document, only)
      if (reason !== undefined) {
        drop(own, reason, !names.has(name))
        return []
      }
      names.add(name)
    }
    return [each]
  })
}
