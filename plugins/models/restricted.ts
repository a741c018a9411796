import { matches } from '../contracts/permits.js'
import { type Catalog, normalise, type Served } from './catalog.js'

/** A catalog as if there were only the models whose keys the patterns stand for. */
export function restricted(catalog: Catalog, patterns: readonly string[]): Catalog {
  const names = patterns.map((pattern) => (pattern.includes('/') ? normalise(pattern) : pattern.toLowerCase()))
  const only = (served: Served | undefined) => (served && matches(names, normalise(served.model.key)) ? served : undefined)
  return {
    all: catalog.all.filter(only),
    providers: catalog.providers.filter(({ name }) => names.some((pattern) => mayNameModelOf(name.toLowerCase(), pattern))),
    listed: (key) => only(catalog.listed(key)),
    find: (ref, kind) => only(catalog.find(ref, kind)),
    isCurrent: catalog.isCurrent,
  }
}

function mayNameModelOf(provider: string, pattern: string): boolean {
  const start = `${provider}/`
  return pattern.startsWith(start) || (pattern.endsWith('*') && start.startsWith(pattern.slice(0, -1)))
}
