import { GatewayError, printable } from 'openclaw/plugin'
import type { Model } from '../contracts/models.js'
import type { Catalog, Served } from './catalog.js'

/** Turns a ref into a model. `kind` is what an unlisted id is taken for. Errors: `ambiguous_model` with `param`. */
export type Resolve = (ref: string, kind: Model['kind'], param: string) => Served | undefined

/** Where to look, besides the catalog's own keys. */
export interface Search {
  readonly catalog: Catalog
  /** Lower-case names for refs. */
  readonly aliases: ReadonlyMap<string, string>
  /** Whose model a bare id is, if it has one of that id. */
  readonly provider: string | undefined
  /** Among which a bare id has to be the only one. */
  readonly candidates: readonly Served[]
}

/** In this order: key, alias, the default provider's, the only candidate with that id. */
export function createResolve({ catalog, aliases, provider, candidates }: Search): Resolve {
  const bare = groupByBareId(candidates)
  return (ref, kind, param) => {
    if (ref.includes('/')) return catalog.find(ref, kind)
    const alias = aliases.get(ref.toLowerCase())
    if (alias?.includes('/')) return catalog.find(alias, kind)
    const id = alias ?? ref
    const preferred = provider === undefined ? undefined : catalog.listed(`${provider}/${id}`)
    const same = bare.get(id) ?? []
    if (preferred || same.length < 2) return preferred ?? same[0]
    const keys = same.slice(0, 20).map(({ model }) => model.key)
    const message = `Model '${printable(ref)}' is ambiguous: ${keys.join(', ')}. Name one of them with its provider.`
    throw new GatewayError('ambiguous_model', message, { param })
  }
}

function groupByBareId(all: readonly Served[]): ReadonlyMap<string, Served[]> {
  const groups = new Map<string, Served[]>()
  for (const served of all) {
    const { key } = served.model
    const id = key.slice(key.indexOf('/') + 1)
    const group = groups.get(id)
    if (group) group.push(served)
    else groups.set(id, [served])
  }
  return groups
}
