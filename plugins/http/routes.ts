import type { Row } from 'openclaw/plugin'
import { covers, type Match, type Route } from '../contracts/http.js'

/** Raw routes of one generation, compiled: an exact hit is one map look-up, then prefixes, longest first. */
export interface RouteTable {
  match(method: string, path: string): Match
  /** Routes that are not raw. */
  readonly patterned: readonly Row<Route>[]
}

export function compileRoutes(table: ReadonlyMap<string, Row<Route>>): RouteTable {
  const exact = new Map<string, Map<string, Row<Route>>>()
  const prefixes = new Map<string, Map<string, Row<Route>>>()
  const patterned: Row<Route>[] = []
  for (const row of table.values()) {
    const { method, path, match, raw } = row.value
    if (!raw) patterned.push(row)
    else {
      // Without its slash a prefix would also take the paths beside it.
      const into = match === 'prefix' && path.endsWith('/') ? prefixes : exact
      into.set(path, (into.get(path) ?? new Map()).set(method, row))
    }
  }
  const byLength = [...prefixes].sort(([a], [b]) => b.length - a.length)
  const choose = (methods: Map<string, Row<Route>>, method: string, rest: string): Match => {
    const route = methods.get(method)
    return route ? { route, rest } : { allow: [...methods.keys()] }
  }
  return {
    patterned,
    match(method, path) {
      const methods = exact.get(path)
      if (methods) return choose(methods, method, '')
      for (const [prefix, below] of byLength)
        if (path.startsWith(prefix) && covers(prefix, path)) return choose(below, method, path.slice(prefix.length))
      return undefined
    },
  }
}
