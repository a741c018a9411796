import type { Row } from 'openclaw/plugin'
import type { Model, Provider } from '../contracts/models.js'

/** A model and who serves it. */
export interface Served {
  readonly model: Model
  readonly provider: Provider
}

/** Every model of every provider, at one moment. */
export interface Catalog {
  /** By provider, then in configured order. */
  readonly all: readonly Served[]
  /** In the order they were added: configured ones as configured, found ones after them, the last resort at the end. */
  readonly providers: readonly Provider[]
  /** `provider/model` as listed. */
  listed(key: string): Served | undefined
  /** As listed, else accepted by a provider that takes any id. `kind` is what such an id is taken for. */
  find(ref: string, kind: Model['kind']): Served | undefined
  /** Whether the tables and lists it was made from are still the current ones. */
  isCurrent(table: ReadonlyMap<string, Row<Provider>>): boolean
}

/** Ids that go into replies, headers and logs: printable, and not longer than any real one. */
const anyId = /^[\x21-\x7e]{1,200}$/

/** Providers are named without regard to case, models are not. */
export const normalise = (key: string) => {
  const slash = key.indexOf('/')
  return key.slice(0, slash).toLowerCase() + key.slice(slash)
}

export function createCatalog(table: ReadonlyMap<string, Row<Provider>>): Catalog {
  const providers = providersIn(table)
  const lists = providers.map((provider) => provider.models())
  const sorted = [...providers].sort((a, b) => (a.name < b.name ? -1 : 1))
  const byKey = new Map<string, Served>()
  for (const provider of sorted)
    for (const model of provider.models()) {
      const key = normalise(model.key)
      if (!byKey.has(key)) byKey.set(key, { model, provider })
    }
  const open = new Map(sorted.filter(({ anyModel }) => anyModel).map((provider) => [provider.name.toLowerCase(), provider]))
  const listed = (key: string) => byKey.get(key) ?? byKey.get(normalise(key))
  return {
    all: [...byKey.values()],
    providers,
    listed,
    find(ref, kind) {
      const exact = listed(ref)
      if (exact) return exact
      const slash = ref.indexOf('/')
      const name = ref.slice(0, slash).toLowerCase()
      const id = ref.slice(slash + 1)
      // `openrouter/openrouter/auto` is the model whose id already begins with its provider.
      if (id.toLowerCase().startsWith(`${name}/`)) {
        const own = listed(id)
        if (own) return own
      }
      const provider = open.get(name)
      return provider && anyId.test(id) ? { model: unlisted(provider, id, kind), provider } : undefined
    },
    isCurrent: (now) => now === table && providers.every((provider, i) => provider.models() === lists[i]),
  }
}

function providersIn(table: ReadonlyMap<string, Row<Provider>>): Provider[] {
  const all = [...table.values()].map(({ value }) => value)
  const others = all.filter(({ lastResort }) => !lastResort)
  const taken = new Set(others.map(({ name }) => name.toLowerCase()))
  return [...others, ...all.filter(({ name, lastResort }) => lastResort && !taken.has(name.toLowerCase()))]
}

function unlisted({ name }: Provider, id: string, kind: Model['kind']): Model {
  const key = id.toLowerCase().startsWith(`${name.toLowerCase()}/`) ? id : `${name}/${id}`
  return { key, provider: name, id, kind }
}
